// The heap by who allocated it, in the four values of Go's heap profile.
#pragma once

#include <optional>

#include "cli/model/profile.h"
#include "cli/model/symbols.h"

namespace track::analyze {

// Nothing when blocks are not recorded. What was freed since is not known of exact tables: the two
// values that would include it stay 0, and a comment says so. Label: bytes, of one block.
std::optional<Profile> profile_heap(const Trace& trace, const Symbols& symbols);

}  // namespace track::analyze
