// holds.h: with locks=all, since when each lock of a held set (ThreadSlot::held) is held: what
// becomes an event of kind lock_held once it is let go (ring.h). Entry i belongs to entry i there
// and is written before it.
#pragma once

#include "libtrack/wire/tables.h"

namespace track::wire {

struct HeldSince {
  std::atomic<uint64_t> ticks[kHeldCapacity];
  std::atomic<uint64_t> caller[kHeldCapacity];  // return address of the call that took it
};
static_assert(sizeof(HeldSince) == 384);

}  // namespace track::wire
