// Processes without a recording: a live one that nobody prepared, and core files.
#pragma once

#include <sys/types.h>

#include <string>

#include "cli/verbs/load.h"

namespace track::verbs {

// Looked at from outside, nothing stopped. confirm: look for deadlocks too; what is found is looked
// at twice.
Loaded load_untracked(pid_t pid, const SymbolSettings& symbols, bool confirm);
Loaded load_core(const std::string& path, const SymbolSettings& symbols, bool confirm);

}  // namespace track::verbs
