// Coroutine frames found by looking through memory for the two functions at a frame's head.
#pragma once

#include <span>

#include "cli/model/memory.h"
#include "cli/model/process_image.h"
#include "cli/model/trace.h"
#include "cli/process/observe.h"

namespace track::process {

// In all writable memory of an unprepared process or a core, into trace.coroutines. Symbols prove
// them, or GCC's code; what only looks like clang's must begin a block of malloc.
void find_coroutines(Trace& trace, const ProcessImage& image, const CodeLookup& code);

// Adds those that are not in trace.coroutines yet, and puts all in order of their addresses.
// regions: the memory to look through, sorted.
void find_unrecorded(Trace& trace, const ProcessImage& image, std::span<const MemoryRegion> regions,
                     const CodeLookup& code);

}  // namespace track::process
