// Frames that lie inside larger blocks (of pools, arenas, static storage), or in recycled ones: a
// coroutine that is gone leaves its bytes behind, and they look as they did. GCC's suspend index
// says which are gone (read_await_points asks it). Of the others only those count that something
// in use refers to.
#pragma once

#include <span>

#include "cli/model/memory.h"
#include "cli/model/process_image.h"
#include "cli/model/trace.h"

namespace track::process {

// Takes frames out of trace.coroutines (sorted by address) that lie in free memory of glibc's heap,
// or of which nothing says that they are still in use. regions: the writable memory, sorted. Of a
// process with a recording: with an allocator other than glibc's only GCC's frames are kept there;
// of the others left out there Trace::not_visible tells.
void drop_stale(Trace& trace, const ProcessImage& image, std::span<const MemoryRegion> regions);

// Of a process without one; its memory is copied where there is anything to ask.
void drop_stale(Trace& trace, const ProcessImage& image);

}  // namespace track::process
