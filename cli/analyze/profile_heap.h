// The profiles `heap` and `allocs`: memory by the stack that allocated it, in use and ever
// allocated. Nothing when the recording keeps neither blocks nor samples of them.
#pragma once

#include <optional>

#include "cli/model/profile.h"
#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track::analyze {

std::optional<Profile> profile_heap(const Trace& trace, const Symbols& symbols);
// The same values; shown first is what was ever allocated.
std::optional<Profile> profile_allocations(const Trace& trace, const Symbols& symbols);

}  // namespace track::analyze
