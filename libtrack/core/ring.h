// ring.h: pushes one event into this CPU's ring. Never blocks, allocates or fails; what could not
// be written is counted as lost. Any thread, any context, signal handlers included.
#pragma once

#include "libtrack/wire/ring.h"

namespace track::core {

void push_event(const wire::Event& event);

// Decides between restartable sequences and the shared fallback; once, at start.
void start_rings();

// In the child: the threads that were writing pooled rings are not here.
void restart_rings_after_fork();

}  // namespace track::core
