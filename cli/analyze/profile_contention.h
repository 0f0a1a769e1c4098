// Waiting as profiles in the terms of Go's `block` and `mutex`: contentions/count and
// delay/nanoseconds. `block` is charged to where threads waited, `contention` to where a lock was
// let go or the waiter woken: waiting time times the waiters. Waits that go on are in neither.
#pragma once

#include <optional>

#include "cli/model/profile.h"
#include "cli/model/symbols.h"

namespace track::analyze {

// Labels: kind (mutex, rwlock_read, condition, ...), lock (a global's name). Nothing when the
// process was not prepared.
std::optional<Profile> profile_block(const Trace& trace, const Symbols& symbols);
std::optional<Profile> profile_contention(const Trace& trace, const Symbols& symbols);

}  // namespace track::analyze
