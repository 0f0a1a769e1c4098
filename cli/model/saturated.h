// Sums of what a file claims: they stop at the largest number instead of going round. The smallest
// one is never reached, so that every result may be negated.
#pragma once

#include <cstdint>
#include <limits>

namespace track {

inline void add_saturated(int64_t& sum, int64_t value) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  if (__builtin_add_overflow(sum, value, &sum)) sum = value < 0 ? -kMost : kMost;
  if (sum < -kMost) sum = -kMost;
}

}  // namespace track
