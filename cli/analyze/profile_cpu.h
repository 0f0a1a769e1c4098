// CPU time by the stacks that spent it.
#pragma once

#include <optional>

#include "cli/model/profile.h"
#include "cli/model/symbols.h"

namespace track::analyze {

// Nothing when it was never sampled. A coroutine's stack goes on with who awaits it, and theirs,
// and below a mark with what created the outermost of these; where that was not seen, with who
// resumed it and a line that says so. A fiber's goes on below a mark with who created it. Labels:
// kind (thread, coroutine, fiber) and, for a coroutine, its function.
std::optional<Profile> profile_cpu(const Trace& trace, const Symbols& symbols);

}  // namespace track::analyze
