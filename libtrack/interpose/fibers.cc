// Fibers: the functions that prepare and switch stacks. They are entered by a jump from assembly,
// every argument register and the stack as the caller left them: a frame of ours would become part
// of the suspended stack, and makecontext takes any number of arguments.
#include "libtrack/capture/fibers.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <atomic>

#include "libtrack/capture/real.h"
#include "libtrack/core/symbols.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;
using track::core::Registers;
using track::wire::FiberSort;

namespace {

// The function to jump to. Null ends in a jump to address 0, as an unresolved symbol would.
template <int Which>
void* real_function(const char* name) {
  static constinit std::atomic<void*> known{nullptr};
  void* function = known.load(std::memory_order_relaxed);
  if (__builtin_expect(function != nullptr, 1)) return function;
  function = track::core::find_exported(name);
  known.store(function, std::memory_order_relaxed);
  return function;
}

uint64_t as_number(const void* p) {
  return reinterpret_cast<uint64_t>(p);
}

}  // namespace

// Saves the argument registers, asks HOOK for the address of the real function, and jumps there.
// The hook gets the registers as Registers wants them, for the walk to begin in this frame.
#define TRACK_SWITCH(name, hook)                                                                   \
  extern "C" __attribute__((used, visibility("hidden"))) void* hook(                               \
      uint64_t, uint64_t, uint64_t, const uint64_t*, uint64_t, uint64_t) noexcept;                 \
  asm(".pushsection .text\n"                                                                       \
      ".globl " #name "\n.type " #name ", @function\n.balign 16\n" #name                           \
      ":\n"                                                                                        \
      ".cfi_startproc\nendbr64\n"                                                                  \
      "push %rdi\n.cfi_adjust_cfa_offset 8\npush %rsi\n.cfi_adjust_cfa_offset 8\n"                 \
      "push %rdx\n.cfi_adjust_cfa_offset 8\npush %rcx\n.cfi_adjust_cfa_offset 8\n"                 \
      "push %r8\n.cfi_adjust_cfa_offset 8\npush %r9\n.cfi_adjust_cfa_offset 8\n"                   \
      "push %rax\n.cfi_adjust_cfa_offset 8\n"                                                      \
      "lea 56(%rsp), %rcx\nmov %rbp, %r8\nmov %rbx, %r9\n"                                         \
      "call " #hook                                                                                \
      "\n"                                                                                         \
      "mov %rax, %r11\n"                                                                           \
      "pop %rax\n.cfi_adjust_cfa_offset -8\npop %r9\n.cfi_adjust_cfa_offset -8\n"                  \
      "pop %r8\n.cfi_adjust_cfa_offset -8\npop %rcx\n.cfi_adjust_cfa_offset -8\n"                  \
      "pop %rdx\n.cfi_adjust_cfa_offset -8\npop %rsi\n.cfi_adjust_cfa_offset -8\n"                 \
      "pop %rdi\n.cfi_adjust_cfa_offset -8\n"                                                      \
      "jmp *%r11\n.cfi_endproc\n.size " #name ", . - " #name "\n.popsection\n");                   \
  void* hook([[maybe_unused]] uint64_t first, [[maybe_unused]] uint64_t second,                    \
             [[maybe_unused]] uint64_t third, const uint64_t* entry, [[maybe_unused]] uint64_t bp, \
             [[maybe_unused]] uint64_t bx) noexcept

// The walk begins in the assembly above, whose frame holds seven saved registers.
#define TRACK_SWITCH_REGISTERS                                                \
  Registers {                                                                 \
    as_number(__builtin_return_address(0)), as_number(entry) - 7 * 8, bp, bx, \
  }

TRACK_SWITCH(makecontext, fiber_hook_makecontext) {
  const auto* context = reinterpret_cast<const ucontext_t*>(first);
  const uint64_t low = as_number(context->uc_stack.ss_sp);
  prepared_fiber(FiberSort::ucontext, low, low + context->uc_stack.ss_size, second,
                 TRACK_SWITCH_REGISTERS);
  return real_function<0>("makecontext");
}

TRACK_SWITCH(swapcontext, fiber_hook_swapcontext) {
  const auto* to = reinterpret_cast<const ucontext_t*>(second);
  switching_fiber(as_number(entry), first, static_cast<uint64_t>(to->uc_mcontext.gregs[REG_RSP]));
  return real_function<1>("swapcontext");
}

TRACK_SWITCH(setcontext, fiber_hook_setcontext) {
  const auto* to = reinterpret_cast<const ucontext_t*>(first);
  switching_fiber(as_number(entry), 0, static_cast<uint64_t>(to->uc_mcontext.gregs[REG_RSP]));
  return real_function<2>("setcontext");
}

// make_fcontext(top of the stack, its size, function)
TRACK_SWITCH(make_fcontext, fiber_hook_make_fcontext) {
  prepared_fiber(FiberSort::fcontext, first - second, first, third, TRACK_SWITCH_REGISTERS);
  return real_function<3>("make_fcontext");
}

// jump_fcontext(where to, data), ontop_fcontext(where to, data, function to call there)
TRACK_SWITCH(jump_fcontext, fiber_hook_jump_fcontext) {
  switching_fiber(as_number(entry), as_number(entry), first);
  return real_function<4>("jump_fcontext");
}
TRACK_SWITCH(ontop_fcontext, fiber_hook_ontop_fcontext) {
  switching_fiber(as_number(entry), as_number(entry), first);
  return real_function<5>("ontop_fcontext");
}
