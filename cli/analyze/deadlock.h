// Rule `deadlock`: cycles of owned locks and joins. Proved, or not reported at all.
#pragma once

#include <set>
#include <vector>

#include "cli/model/finding.h"
#include "cli/model/symbols.h"

namespace track::analyze {

struct Deadlocks {
  std::vector<Finding> findings;  // one a cycle
  std::set<uint32_t> stuck;       // task ids: in a cycle, or waiting for one that is
};

Deadlocks find_deadlocks(const Trace& trace, const Symbols& symbols);

// Keeps only the findings whose threads sit in the same waits in a trace taken later: what moved
// was no deadlock.
void keep_unmoved(Deadlocks& deadlocks, const Trace& earlier, const Trace& later);

}  // namespace track::analyze
