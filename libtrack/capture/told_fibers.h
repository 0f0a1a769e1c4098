// told_fibers.h: fibers that the program tells about, by include/track/fiber.h: the same table, and
// the same events, as of those whose switches are hooked (fibers.h). Where one is suspended its
// registers are kept by us, as swapcontext keeps a ucontext's.
//
// A fiber's handle: its task id << 32 | its slot's index + 1.
#pragma once

#include <cstdint>

#include "libtrack/core/unwind.h"

namespace track::capture {

// As track_abi_fiber_switching leaves them on the stack: what a call preserves, of its caller.
struct CallersRegisters {
  uint64_t rbx, rbp, r12, r13, r14, r15;
  uint64_t unused;
  uint64_t return_address;
  // Above it the caller's stack.
};

// The handle; 0: not recorded.
uint64_t told_fiber_created(uint64_t stack_low, uint64_t stack_high, uint64_t entry,
                            const core::Registers& registers);
// 0: to the thread's own stack, or one that is not known.
void told_fiber_switching(uint64_t to, const CallersRegisters& saved);
void told_fiber_destroyed(uint64_t fiber);

}  // namespace track::capture
