// What waiting cost, lock by lock, and of which sort it is.
#pragma once

#include <cstdint>

#include "cli/model/lock_cost.h"
#include "cli/model/trace.h"

namespace track::analyze {

enum class CostOrder : uint8_t { total, count, longest, held };

// Without those whose total is less than min_ns, and those neither waited for nor seen held. An
// unprepared process has only what waits now.
ContentionView view_contention(const Trace& trace, CostOrder order, uint64_t min_ns);

// As which lock something is held.
WaitKind lock_kind(HeldSort sort);

// Waits for other tasks of the process, not for the world outside or the clock.
bool synchronizes(WaitKind kind);

}  // namespace track::analyze
