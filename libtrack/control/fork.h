// fork.h: a fork child gets a recording of its own and never writes to its parent's.
// vfork, posix_spawn and clone with CLONE_VM are left alone. A child made behind libc's back (a raw
// system call, clone without CLONE_VM) has no recording: nothing of it is recorded.
#pragma once

namespace track::control {

void start_fork_handling();
void before_fork();  // in the parent, where no atfork handler runs
void in_fork_child();

// Tables and sums begin anew; threads stay. For a child, and for a recording that is taken up
// again.
void forget_the_past(bool keep_coroutines);

}  // namespace track::control
