// Rule `stuck-task`, suspected: every thread of the process waits for another one, as far as can be
// seen, and what might wake one cannot be seen (a core file).
#pragma once

#include <set>
#include <vector>

#include "cli/model/finding.h"
#include "cli/model/proof.h"
#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track::analyze {

// explained: task ids of threads that are part of other findings.
std::vector<Finding> find_sleepers(const Trace& trace, const Symbols& symbols,
                                   const Fixpoint& fixpoint, const std::set<uint32_t>& explained);

}  // namespace track::analyze
