// Rule `lock-order`: locks that several threads take in orders that close a cycle. Nothing hangs
// (yet), so it is never more than `suspected`.
#pragma once

#include <vector>

#include "cli/model/finding.h"
#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track::analyze {

// A cycle accuses only when each step can be at the same time as each other one: by threads of
// their own, none of which is over before another was created, and without a lock that both hold.
// in_deadlock: locks of a deadlock that is told as such.
std::vector<Finding> find_lock_orders(const Trace& trace, const Symbols& symbols,
                                      const std::vector<uint64_t>& in_deadlock);

// What was added up goes, and all lock orders but those that are part of such a cycle: for whom
// neither is asked for, and need not be named.
void keep_suspect_orders(Trace& trace);

}  // namespace track::analyze
