// key_count.h: a count beside its key: an entry of an open-addressing table from which nothing is
// ever taken out, so that a reader needs no word of order.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::wire {

struct KeyCount {
  std::atomic<uint64_t> key;  // 0 = free
  std::atomic<uint64_t> count;
};
static_assert(sizeof(KeyCount) == 16);

// How many threads each stack created: keys are stack references with this bit, so that no key is
// 0. Stacks that find no room are in the count of all threads only.
inline constexpr uint64_t kOriginUsed = uint64_t{1} << 63;
inline constexpr uint32_t kThreadOrigins = 4096;  // entries

}  // namespace track::wire
