// The blocks that glibc's malloc has handed out, read from its own structures: the program break's
// heap, the arenas of other threads, blocks with a mapping of their own. For glibc 2.26 and later
// on x86-64; the structures are recognised by what they hold, so other allocators are not mistaken
// for it. Damaged structures end the walk of their heap, never the program.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/model/memory.h"
#include "cli/model/process_image.h"
#include "cli/process/memory_copy.h"

namespace track::process {

struct HeapBlocks {
  bool found = false;               // glibc's malloc is in use and was understood
  std::vector<MemoryBlock> blocks;  // in use; sorted
  // The allocator's memory, sorted: what is in no block here is free, or its own bookkeeping.
  std::vector<AddressRange> heaps;
  uint64_t free_bytes = 0;
  bool busy = false;                  // a thread was inside the allocator: may be off by one block
  std::vector<std::string> problems;  // what could not be told, for people
};

// regions: the process's writable memory as copied, sorted by address.
HeapBlocks read_glibc_heap(const ProcessImage& image, std::span<const MemoryRegion> regions);

}  // namespace track::process
