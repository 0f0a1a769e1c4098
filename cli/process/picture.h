// What marking needs to know of a process, gathered from an image of it: memory, the heap's blocks,
// each thread's own memory, what the kernel holds, and what may hide references.
#pragma once

#include "cli/model/memory.h"
#include "cli/model/process_image.h"
#include "cli/model/trace.h"

namespace track::process {

// trace: of the same process, for what the record knows better: blocks of coroutine frames, and
// which memory is the tracker's own. recorded: the recording's table of heap blocks, of the image's
// instant where the image is of one; what it holds outside of glibc's heaps is another allocator's.
// hidden: of the same instant; null = nobody knows what the program said, or would have.
MemoryPicture gather_picture(const ProcessImage& image, const Trace& trace,
                             std::vector<RecordedBlock> recorded = {},
                             const HiddenReferences* hidden = nullptr);

// The tracker's own: its module, its recording, its arenas. Sorted.
std::vector<AddressRange> tracker_memory(const ProcessImage& image, const TrackerPlace& tracker);

}  // namespace track::process
