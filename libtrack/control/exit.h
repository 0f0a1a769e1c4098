// exit.h: the process is about to end: say so in the recording, and pause, within bounds, when a
// `track` waits to look. Called before atexit handlers and static destructors.
#pragma once

#include "libtrack/wire/recording.h"

namespace track::control {

// Only the first call of a process counts. Never in a vfork child.
void process_ending(wire::EndReason reason, int exit_code);

}  // namespace track::control
