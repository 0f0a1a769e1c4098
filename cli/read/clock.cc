#include "cli/read/clock.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <algorithm>

namespace track::read {
namespace {

// The kernel's word, as recordings have it: below libfaketime libc's is another.
uint64_t now(clockid_t clock) {
  timespec t{};
  syscall(SYS_clock_gettime, clock, &t);
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

namespace {

// Of this machine, measured once.
double measured_ns_per_tick() {
  static const double rate = [] {
    constexpr uint64_t kLongEnough = 5'000'000;
    const ClockPair first = clock_pair_now();
    ClockPair second = first;
    while (second.ns - first.ns < kLongEnough) second = clock_pair_now();
    return static_cast<double>(second.ns - first.ns) /
           static_cast<double>(second.ticks - first.ticks);
  }();
  return rate;
}

uint64_t distance(uint64_t a, uint64_t b) {
  return a > b ? a - b : b - a;
}

}  // namespace

ClockPair clock_pair_of(ClockPair start, uint64_t start_realtime_ns) {
  const ClockPair now = clock_pair_now();
  // By the wall clock, which is the same in all namespaces, but may have been set since.
  const uint64_t by_wall = start.ns + (realtime_now_ns() - start_realtime_ns);
  constexpr uint64_t kSame = 1'000'000'000;
  if (start.ticks == 0 || now.ticks <= start.ticks || distance(by_wall, now.ns) < kSame) return now;
  const double passed = static_cast<double>(now.ticks - start.ticks) * measured_ns_per_tick();
  const uint64_t by_ticks = start.ns + static_cast<uint64_t>(passed);
  if (distance(by_ticks, now.ns) <= distance(by_ticks, by_wall)) return now;
  return {by_wall, now.ticks};
}

uint64_t realtime_now_ns() {
  return now(CLOCK_REALTIME);
}

}  // namespace track::read
