#include "cli/read/clock.h"

#include <time.h>
#include <x86intrin.h>

#include <algorithm>

namespace track::read {
namespace {

uint64_t now(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_nsec);
}

}  // namespace

Clock::Clock(ClockPair first, ClockPair second, uint64_t last_ns)
    : first_(first), last_ns_(std::max(last_ns, first.ns)) {
  if (second.ticks > first.ticks && second.ns > first.ns)
    ns_per_tick_ =
        static_cast<double>(second.ns - first.ns) / static_cast<double>(second.ticks - first.ticks);
}

uint64_t Clock::to_ns(uint64_t ticks) const {
  if (ticks == 0) return 0;
  if (ticks <= first_.ticks) return first_.ns;
  const double ns = static_cast<double>(ticks - first_.ticks) * ns_per_tick_;
  const auto room = static_cast<double>(last_ns_ - first_.ns);
  return first_.ns + static_cast<uint64_t>(std::min(ns, room));
}

uint64_t Clock::duration_ns(uint64_t ticks) const {
  constexpr double kMost = 9e18;  // damaged sums must not leave the range
  return static_cast<uint64_t>(std::min(static_cast<double>(ticks) * ns_per_tick_, kMost));
}

ClockPair clock_pair_now() {
  return {now(CLOCK_MONOTONIC), __rdtsc()};
}
uint64_t realtime_now_ns() {
  return now(CLOCK_REALTIME);
}

}  // namespace track::read
