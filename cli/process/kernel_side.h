// What /proc says of a live process that memory does not: pointers that only the kernel holds,
// handlers, and the mechanisms by which it may hold what nobody can look at.
#pragma once

#include <sys/types.h>

#include "cli/model/memory.h"
#include "cli/model/process_image.h"

namespace track::process {

// As the process stands now: to belong to an instant, it is asked while the process is held. Some
// 2 ms for each thousand descriptors. Never throws: what may not be looked at is named.
// with_channels: fills KernelSide::channels.
KernelSide look_at_kernel(pid_t pid, bool with_channels = false);

// Whether another process runs in the same memory (clone without CLONE_THREAD, vfork).
bool shares_its_memory(pid_t pid);

}  // namespace track::process
