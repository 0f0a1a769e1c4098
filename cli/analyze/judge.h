// All rules over one process, in the order they are reported: proved ones first, larger ones first.
#pragma once

#include <vector>

#include "cli/analyze/deadlock.h"
#include "cli/analyze/fixpoint.h"
#include "cli/model/finding.h"
#include "cli/model/symbols.h"

namespace track::analyze {

// deadlocks: as found, and confirmed by the caller where the process was alive to confirm them.
// fixpoint: taken while the process was alive; empty when it was not.
std::vector<Finding> judge(const Trace& trace, const Symbols& symbols, Deadlocks deadlocks,
                           const Fixpoint& fixpoint = {});

}  // namespace track::analyze
