// A process that nobody prepared, or a core file, as a trace: threads with state, stack, and what
// they wait for. No ages, no creation stacks; whose lock it is comes from glibc's own words.
#pragma once

#include <functional>
#include <string>

#include "cli/model/process_image.h"
#include "cli/model/trace.h"
#include "cli/process/observe.h"

namespace track::process {

// Threads, stacks, modules. Waits are what the system calls say: see name_waits. Of a process that
// was not stopped, the image's threads are brought up to what was seen with their stacks.
Trace trace_of(ProcessImage& image);

// The name of the function that covers a code address, as linked; empty when none is known.
using FunctionLookup = std::function<std::string(uint64_t address)>;

// Futex waits told apart by the function of libc that waits: locks, conditions, semaphores, joins;
// with lock owners from memory, in Trace::memory and as Thread::held.
void name_waits(Trace& trace, const ProcessImage& image, const FunctionLookup& functions);

}  // namespace track::process
