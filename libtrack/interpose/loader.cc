// dlopen searches by its caller's RUNPATH and namespace, which it finds by its return address: so
// the stubs leave the stack as they found it and jump on. What a dlopen brought is recorded when an
// address of it is first seen in a stack.
#include "libtrack/capture/real.h"
#include "libtrack/core/modules.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;

extern "C" {

__attribute__((visibility("hidden"), used)) void* track_before_dlopen() {
  track::core::modules_changing();
  return reinterpret_cast<void*>(real.dlopen);
}
__attribute__((visibility("hidden"), used)) void* track_before_dlmopen() {
  track::core::modules_changing();
  return reinterpret_cast<void*>(real.dlmopen);
}

#define TRACK_PASS_ON(name, before)                                                        \
  asm("  .text\n  .globl " #name "\n  .type " #name ", @function\n" #name                  \
      ":\n  .cfi_startproc\n"                                                              \
      "  push %rdi\n  .cfi_adjust_cfa_offset 8\n  push %rsi\n  .cfi_adjust_cfa_offset 8\n" \
      "  push %rdx\n  .cfi_adjust_cfa_offset 8\n"                                          \
      "  call " #before                                                                    \
      "\n  pop %rdx\n  .cfi_adjust_cfa_offset -8\n"                                        \
      "  pop %rsi\n  .cfi_adjust_cfa_offset -8\n  pop %rdi\n  .cfi_adjust_cfa_offset -8\n" \
      "  jmp *%rax\n  .cfi_endproc\n  .size " #name ", .-" #name "\n")

TRACK_PASS_ON(dlopen, track_before_dlopen);
TRACK_PASS_ON(dlmopen, track_before_dlmopen);

}  // extern "C"

TRACK_EXPORT int dlclose(void* handle) noexcept {
  const int rc = real.dlclose(handle);
  track::core::modules_closed();
  return rc;
}
