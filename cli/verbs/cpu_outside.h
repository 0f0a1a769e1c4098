// A profile of CPU time of a process that does not record any.
#pragma once

#include <sys/types.h>

#include "cli/model/profile.h"
#include "cli/verbs/settings.h"

namespace track::verbs {

// Looks for so long. Throws Error: no such process, not permitted.
Profile cpu_from_outside(pid_t pid, const SymbolSettings& settings, uint64_t duration_ns);

}  // namespace track::verbs
