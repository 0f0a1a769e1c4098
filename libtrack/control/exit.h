// exit.h: the process is about to end: say so in the recording, and pause, within bounds, when a
// `track` waits to look. Called before atexit handlers and static destructors.
#pragma once

#include "libtrack/wire/recording.h"

namespace track::control {

// Only the first call of a process counts. Never in a vfork child.
void process_ending(wire::EndReason reason, int exit_code);

// The last thing the tracker does; the file goes unless somebody wants it. After the target's
// static destructors as far as the loader's order allows, or at once where none will run.
void finish();

// finish() was called: nobody is left to take a recording away that is made now.
bool is_over();

// In a fork child, which may have been made by its parent's exit handler: its own end is to come.
void forget_ending();

}  // namespace track::control
