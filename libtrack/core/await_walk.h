// await_walk.h: who awaits the coroutine that the running thread was interrupted in. A running
// coroutine's frame is looked for where its code must have its address: in the registers and in the
// interrupted stack; whoever awaits it, in the frame, as `track` does with suspended ones: each
// points at the other, and the awaited one's pointer stands nearer to its frame's head; or the
// awaited one's lies within the other, where the compiler has put it.
//
// In the CPU sampler's signal handler only. Memory that is not this thread's own is read so that it
// may be gone; some 5 µs where coroutines are recorded and one is found, half of that where none
// is, nothing where there are no coroutines.
#pragma once

#include <cstdint>

namespace track::core {

inline constexpr uint32_t kMostAwaiters = 32;
inline constexpr uint32_t kAwaitScratch = 3 * 256 + 2 * (kMostAwaiters + 1);  // words

struct InterruptedStack {
  uint64_t* frames;  // outermost first, the interrupted instruction + 1 last; room for
                     // kMostAwaiters and a mark more
  uint32_t depth;
  const uint64_t* registers;  // all that may hold an address
  uint32_t register_count;
  uint64_t sp;
  uint64_t high;  // end of the stack, 0 = not known
  bool truncated;
};

// Leaves of the frames those up to the coroutine's own, puts wire::kAwaitedBy outside of them, and
// outside of that each awaiter's resume function + 1. A coroutine that nobody awaits is its
// resumer's business (a generator), where that is a coroutine. The stack that created the outermost
// of them; 0: no coroutine was found, nothing was changed.
uint32_t follow_awaiters(InterruptedStack& stack, uint64_t* scratch);

}  // namespace track::core
