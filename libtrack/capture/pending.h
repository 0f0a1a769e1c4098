// pending.h: the few blocks per thread that may be coroutine frames and have not been looked at,
// with the stacks they were allocated at, kept raw: only a frame's stack is worth interning.
#pragma once

#include <cstdint>

#include "libtrack/core/thread_state.h"

namespace track::capture {

struct PendingBlock {
  uint64_t address;  // 0 = empty
  uint64_t ticks;
  uint64_t hash;
  uint32_t site;
  uint16_t depth;
  bool truncated;
  uint64_t frames[96];  // outermost first; deeper stacks are cut
};

// The oldest of the thread's places, perhaps still occupied: settle it first. Null: no memory.
PendingBlock* next_pending();
void capture_pending(PendingBlock& pending, const core::Registers& registers);

inline bool any_pending() {
  return core::this_thread.pending;
}
void for_each_pending(void (*look)(PendingBlock&));

// The thread ends: its places go back to the pool.
void drop_pending();

}  // namespace track::capture
