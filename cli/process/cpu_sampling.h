// A live process's CPU time by stack, from outside and without its help, for a while.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "cli/model/trace.h"

namespace track::process {

// Fills what of a trace a profile needs: who it is, modules, stacks and cpu. Ends early when the
// process does. Throws Error: no such process, not permitted.
Trace sample_cpu(pid_t pid, uint64_t period_ns, uint64_t duration_ns);

}  // namespace track::process
