// Coroutines that tell what they wait for (track/coroutine.h). Rule `deadlock`: cycles of locks of
// the program's own making and of coroutines that await each other. Rule `stuck-task`: those that
// wait for a lock whose owner has ended. Likely: who owns such a lock stands nowhere but in what
// the program says.
#pragma once

#include <vector>

#include "cli/model/finding.h"
#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track::analyze {

std::vector<Finding> find_coroutine_cycles(const Trace& trace, const Symbols& symbols);
std::vector<Finding> find_waits_for_ended(const Trace& trace, const Symbols& symbols);

}  // namespace track::analyze
