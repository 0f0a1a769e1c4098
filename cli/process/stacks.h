// Stacks of threads that sleep in a system call, read while they sleep: nothing is stopped.
#pragma once

#include <sys/types.h>

#include "cli/model/process_image.h"
#include "cli/model/trace.h"
#include "cli/process/unwind.h"

namespace track::process {

// The thread's state and stack at one instant of its sleep. False: it runs, or it did not sleep
// long enough to be read; a thread on a CPU can be seen only by stopping it.
bool read_sleeping(pid_t pid, ImageThread& thread, Unwinder& unwinder, Stack& stack);

// Threads of a recording that sleep without having said so (in calls that are not interposed, or
// since before it began): what they wait for and their stacks. Call after observe_threads. Returns
// the process with those of them that wait, numbered as the recording does: for name_waits.
ProcessImage observe_unpublished(Trace& trace);
// It found a thread that waits for something.
bool any_unpublished(const Trace& trace);

}  // namespace track::process
