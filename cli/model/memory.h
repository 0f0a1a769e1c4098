// Memory of one process as the analyses see it: copied bytes with the addresses they had, and the
// allocator's blocks in them. Plain data, filled by process/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace track {

// Bytes of the target; the span is a copy and outlives every analysis of it.
struct MemoryRegion {
  uint64_t address = 0;
  std::span<const std::byte> bytes;
  uint64_t end() const { return address + bytes.size(); }
};

// Something that is alive only as long as somebody refers to it: an allocator's block that is in
// use, or the part of a thread's stack that is in use. Addresses are multiples of 16.
struct MemoryBlock {
  uint64_t address = 0;
  uint64_t bytes = 0;
  uint64_t end() const { return address + bytes; }
};

}  // namespace track
