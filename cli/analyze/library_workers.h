// Threads that a library made for itself and keeps to the end of the process by design: the workers
// of OpenMP's teams, TBB's arenas, libuv's and GLib's pools. One that has nothing to do is no leak
// of the program's.
#pragma once

#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track::analyze {

bool idle_worker_of_library(const Trace& trace, const Symbols& symbols, const Thread& thread);

}  // namespace track::analyze
