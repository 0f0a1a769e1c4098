// The bodies of include/track/fiber.h.
#include "libtrack/capture/told_fibers.h"
#include "libtrack/core/unwind.h"
#include "libtrack/include/track/fiber.h"

#define TRACK_API extern "C" __attribute__((visibility("default")))

TRACK_API uint64_t track_abi_fiber_created(void* stack, size_t stack_bytes, void* entry) {
  track::core::Registers registers;
  TRACK_GET_REGISTERS(registers);
  const auto low = reinterpret_cast<uint64_t>(stack);
  return track::capture::told_fiber_created(low, low + stack_bytes,
                                            reinterpret_cast<uint64_t>(entry), registers);
}

TRACK_API void track_abi_fiber_destroyed(uint64_t fiber) {
  track::capture::told_fiber_destroyed(fiber);
}

// The registers that a call preserves are its caller's, who is suspended with them: they are saved
// before any function of ours has changed them, as told_fibers.h has them.
extern "C" __attribute__((used, visibility("hidden"))) void track_fiber_hook(
    uint64_t to, const track::capture::CallersRegisters* saved) {
  track::capture::told_fiber_switching(to, *saved);
}
asm(".pushsection .text\n"
    ".globl track_abi_fiber_switching\n"
    ".type track_abi_fiber_switching, @function\n"
    ".balign 16\n"
    "track_abi_fiber_switching:\n"
    ".cfi_startproc\n"
    "endbr64\n"
    "sub $56, %rsp\n"
    ".cfi_adjust_cfa_offset 56\n"
    "mov %rbx, (%rsp)\n"
    "mov %rbp, 8(%rsp)\n"
    "mov %r12, 16(%rsp)\n"
    "mov %r13, 24(%rsp)\n"
    "mov %r14, 32(%rsp)\n"
    "mov %r15, 40(%rsp)\n"
    "mov %rsp, %rsi\n"
    "call track_fiber_hook\n"
    "add $56, %rsp\n"
    ".cfi_adjust_cfa_offset -56\n"
    "ret\n"
    ".cfi_endproc\n"
    ".size track_abi_fiber_switching, . - track_abi_fiber_switching\n"
    ".popsection\n");
