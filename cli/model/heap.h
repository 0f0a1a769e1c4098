// Heap blocks as the recording kept them (alloc=exact): what is in use now, and who allocated it.
#pragma once

#include <cstdint>
#include <vector>

#include "cli/model/frame.h"

namespace track {

// One block in use. For marking: a process has millions of them.
struct RecordedBlock {
  uint64_t address = 0;
  uint64_t bytes = 0;
  uint32_t stack = 0;  // the recording's number of its allocation stack; 0 = none
};

// Blocks of one size from one stack.
struct HeapSite {
  uint32_t allocated_at = 0;  // into Trace::stacks; 0 = not known
  uint64_t block_bytes = 0;
  uint64_t count = 0;
};

enum class HeapRecord : uint8_t {
  off,       // nobody asked for it
  kept,      // every block that goes through the hooks
  not_ours,  // the program's allocator is not called through names that can be taken over
  no_room,
};

struct HeapTable {
  HeapRecord record = HeapRecord::off;
  uint64_t blocks = 0, bytes = 0;  // in use
  uint64_t unreadable_pages = 0;
  std::vector<HeapSite> sites;  // when asked for; the most bytes first
};

}  // namespace track
