#include "libtrack/core/key_counts.h"

#include "libtrack/core/recording.h"

namespace track::core {

bool add_to_key(wire::KeyCount* entries, uint64_t capacity, uint64_t key, uint64_t n) {
  constexpr uint32_t kProbes = 64;
  if (capacity == 0) return false;
  uint64_t at = (key * 0x9e3779b97f4a7c15u >> 32) % capacity;
  for (uint32_t probe = 0; probe < kProbes; ++probe) {
    wire::KeyCount& entry = entries[at];
    if (!reserve(&entry, sizeof entry)) return false;
    uint64_t there = entry.key.load(std::memory_order_relaxed);
    if (there == 0 && entry.key.compare_exchange_strong(there, key, std::memory_order_relaxed))
      there = key;
    if (there == key) {
      count(entry.count, n);
      return true;
    }
    if (++at == capacity) at = 0;
  }
  return false;
}

void count_thread_origin(uint32_t stack) {
  constexpr auto kKind = wire::SectionKind::thread_origins;
  add_to_key(section_start<wire::KeyCount>(kKind), section_capacity<wire::KeyCount>(kKind),
             wire::kOriginUsed | stack, 1);
}

}  // namespace track::core
