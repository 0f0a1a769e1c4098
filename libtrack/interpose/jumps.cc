// A signal handler that jumps out may leave the tracker's own code in the middle (BusyScope): that
// is set right before the jump. The jump itself is libc's: the stubs leave everything as it was.
#include "libtrack/capture/real.h"
#include "libtrack/core/thread_state.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;

namespace {

// The stack pointer that it leads to. libc keeps it in the seventh word, turned and mixed with the
// thread's pointer guard (sysdeps/x86_64/jmpbuf-offsets.h, pointer_guard.h).
uint64_t target_of(const uint64_t* place) {
  constexpr int kStackPointer = 6, kTurn = 17;
  uint64_t guard;
  asm("mov %%fs:0x30, %0" : "=r"(guard));
  const uint64_t mixed = place[kStackPointer];
  return (mixed >> kTurn | mixed << (64 - kTurn)) ^ guard;
}

void before_jump(const uint64_t* place) {
  if (__builtin_expect(track::core::this_thread.busy != 0, 0))
    track::core::leaving_for(target_of(place));
}

}  // namespace

extern "C" {

#define TRACK_JUMP(name)                                                                         \
  __attribute__((visibility("hidden"), used)) void* track_before_##name(const uint64_t* place) { \
    before_jump(place);                                                                          \
    return reinterpret_cast<void*>(real.name);                                                   \
  }                                                                                              \
  asm("  .text\n  .globl " #name "\n  .type " #name ", @function\n" #name                        \
      ":\n  .cfi_startproc\n"                                                                    \
      "  push %rdi\n  .cfi_adjust_cfa_offset 8\n  push %rsi\n  .cfi_adjust_cfa_offset 8\n"       \
      "  sub $8, %rsp\n  .cfi_adjust_cfa_offset 8\n"                                             \
      "  call track_before_" #name                                                               \
      "\n  add $8, %rsp\n  .cfi_adjust_cfa_offset -8\n"                                          \
      "  pop %rsi\n  .cfi_adjust_cfa_offset -8\n  pop %rdi\n  .cfi_adjust_cfa_offset -8\n"       \
      "  jmp *%rax\n  .cfi_endproc\n  .size " #name ", .-" #name "\n")

TRACK_JUMP(longjmp);
TRACK_JUMP(_longjmp);
TRACK_JUMP(siglongjmp);
TRACK_JUMP(__longjmp_chk);

}  // extern "C"
