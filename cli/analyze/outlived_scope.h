// `outlived-task` where the program itself said when a task has to be over: its scope has ended
// (track_scope_begin, track::scope). Likely; suspected while the scope's end is too near to tell.
#pragma once

#include <vector>

#include "cli/analyze/leaks.h"

namespace track::analyze {

// What is found is added to `explained`.
std::vector<Finding> find_outlived_scopes(const Trace& trace, const Symbols& symbols,
                                          Explained& explained);

}  // namespace track::analyze
