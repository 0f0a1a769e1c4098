// mappings.h: what the program mapped itself (mmap) and has not unmapped, with alloc=exact or
// alloc=BYTES. Open addressing; of a mapping that was unmapped in parts the rest.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::wire {

// As it was mapped; what is done to its protection afterwards is not followed.
enum class MappingKind : uint32_t {
  none,
  memory,    // anonymous
  reserved,  // anonymous, without any access: addresses rather than memory
  file,
};

struct Mapping {
  std::atomic<uint64_t> address;  // written last, cleared first; kMappingClaimed = being written
  uint64_t bytes;                 // whole pages
  uint64_t ticks;
  uint32_t stack;
  MappingKind kind;
};
static_assert(sizeof(Mapping) == 32);
inline constexpr uint64_t kMappingClaimed = 1;
inline constexpr uint64_t kMappingSlots = 1 << 14;

}  // namespace track::wire
