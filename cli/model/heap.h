// The program's memory as the recording kept it: what is in use now, and what was ever allocated,
// by who allocated it. Every block (alloc=exact), or samples of them (alloc=BYTES), from which
// values are estimated (cli/model/sampling.h).
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

// Blocks in use of one size from one stack; of a sampled record, the samples.
struct HeapSite {
  uint32_t allocated_at = 0;  // into Trace::stacks; 0 = not known
  uint64_t block_bytes = 0;
  uint64_t count = 0;
};

// What one stack allocated since the recording began, whether it is in use or not; of a sampled
// record, an estimate.
struct HeapOrigin {
  uint32_t allocated_at = 0;
  uint64_t objects = 0;
  uint64_t bytes = 0;
};

// As it was mapped.
enum class MappingKind : uint8_t { memory, file };

// The program's own mappings in use, of one size and kind from one stack.
struct HeapMappings {
  uint32_t mapped_at = 0;
  uint64_t bytes = 0;  // of each
  uint64_t count = 0;
  MappingKind kind = MappingKind::memory;
};

enum class HeapRecord : uint8_t {
  off,       // nobody asked for it
  kept,      // every block that goes through the hooks
  not_ours,  // the program's allocator is not called through names that can be taken over
  no_room,
  sampled,  // some of them
};

struct HeapTable {
  HeapRecord record = HeapRecord::off;
  uint64_t period = 0;             // sampled: mean distance of samples, bytes
  uint64_t samples = 0;            // sampled: of blocks in use
  uint64_t blocks = 0, bytes = 0;  // in use; sampled: estimates
  // The most there ever was: sampled an estimate, and when; every block with its stack: to 64 KiB
  // for each thread.
  uint64_t peak_bytes = 0, peak_ns = 0;
  uint64_t unreadable_pages = 0;
  std::vector<HeapSite> sites;              // when asked for; the most bytes first
  uint64_t mappings = 0, mapped_bytes = 0;  // that the program made itself, in use
  uint64_t reserved_bytes = 0;              // of others, mapped without any access
  std::vector<HeapMappings> mapped;         // when asked for
  std::vector<HeapOrigin> allocated;  // when asked for, and stacks are kept; the most bytes first
};

}  // namespace track
