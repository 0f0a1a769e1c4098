// micro.h: one operation, measured in batches.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace track::bench {

inline double now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Nanoseconds an operation: median over batches of `batch` operations that fill `seconds`, after a
// warm-up of a tenth of that. The median forgets the batches that another process interrupted.
template <typename Operations>  // void(uint64_t count)
double measure_ns(double seconds, uint64_t batch, const Operations& operations) {
  for (const double end = now_ns() + seconds * 1e8; now_ns() < end;) operations(batch);
  std::vector<double> costs;
  for (const double end = now_ns() + seconds * 1e9; now_ns() < end || costs.empty();) {
    const double began = now_ns();
    operations(batch);
    costs.push_back((now_ns() - began) / static_cast<double>(batch));
  }
  const auto middle = costs.begin() + static_cast<std::ptrdiff_t>(costs.size() / 2);
  std::nth_element(costs.begin(), middle, costs.end());
  return *middle;
}

// An empty coroutine created and destroyed at the bottom of 20 frames. micro_coroutine.cc.
double coroutine_ns(double seconds);

// A block allocated and freed some 20 frames deep, by one thread or by each of two.
// micro_blocks.cc.
double blocks_ns(double seconds, bool two_threads);

}  // namespace track::bench
