// CPU time by the stacks that spent it.
#pragma once

#include <optional>

#include "cli/model/profile.h"
#include "cli/model/symbols.h"

namespace track::analyze {

// Nothing when it was never sampled. A fiber's stack goes on below a mark with who created it; a
// coroutine's is that of who resumed it. Labels: kind (thread, coroutine, fiber) and, for a
// coroutine, its function.
std::optional<Profile> profile_cpu(const Trace& trace, const Symbols& symbols);

}  // namespace track::analyze
