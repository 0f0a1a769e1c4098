// The findings of one process as a profile: which stacks leak how many tasks, and what they hold.
#pragma once

#include <vector>

#include "cli/model/finding.h"
#include "cli/model/profile.h"
#include "cli/model/symbols.h"

namespace track::analyze {

// Suppressed ones are left out. leaked-memory counts blocks. Labels: rule, evidence, kind, state,
// name, age.
Profile profile_leaks(const Trace& trace, const Symbols& symbols,
                      const std::vector<Finding>& findings);

}  // namespace track::analyze
