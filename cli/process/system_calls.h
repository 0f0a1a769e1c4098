// What a thread waits for, by the system call it sits in.
#pragma once

#include "cli/model/process_image.h"
#include "cli/model/trace.h"

namespace track::process {

// kind `none`: not in a call that waits. Locks, conditions, joins and whatever else is made of a
// futex come back as `futex`, with the futex word as object.
Wait wait_of(const ImageThread& thread);

// Is it a futex wait that names no private futex of this process? (The kernel's wake at thread exit
// does, so pthread_join waits so.)
bool is_shared_futex(const ImageThread& thread);

}  // namespace track::process
