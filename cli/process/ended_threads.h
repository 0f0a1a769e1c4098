// Threads that were joined or detached where the tracker does not see it: by a library that is
// bound to libc before all others (RTLD_DEEPBIND), through an address that dlsym gave of libc
// itself, or because pthread_setattr_default_np says that all are.
#pragma once

#include "cli/model/trace.h"

namespace track::process {

// Asks libc's own control block of each ended thread that the record takes for joinable, and sets
// Thread::joined or detached. Nothing where the block is not laid out as is known here.
void read_ended_threads(Trace& trace);

}  // namespace track::process
