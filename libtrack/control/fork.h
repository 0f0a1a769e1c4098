// fork.h: a fork child gets a recording of its own and never writes to its parent's.
// vfork, posix_spawn and clone are left alone: their children run no hook that writes.
#pragma once

namespace track::control {

void start_fork_handling();
void in_fork_child();

}  // namespace track::control
