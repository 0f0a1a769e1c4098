// Rule `lock-across-await`: a coroutine is suspended while the lock it took is still held. That
// alone harms nobody, so it is said only where a task waits for the lock, where the thread that
// took it has ended, where nobody can resume the coroutine, or at the end of the process. Proved or
// likely only where another proof shows that the lock can never be had again.
#pragma once

#include <set>
#include <vector>

#include "cli/model/finding.h"
#include "cli/model/proof.h"
#include "cli/model/symbols.h"

namespace track::analyze {

// cycles: task ids of the threads that a proved deadlock holds.
std::vector<Finding> find_locks_across_await(const Trace& trace, const Symbols& symbols,
                                             const std::set<uint32_t>& cycles,
                                             const Fixpoint& fixpoint);

}  // namespace track::analyze
