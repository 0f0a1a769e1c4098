// Time-stamp counter values to CLOCK_MONOTONIC nanoseconds.
#pragma once

#include <cstdint>

namespace track::read {

struct ClockPair {
  uint64_t ns = 0;
  uint64_t ticks = 0;
};

class Clock {
 public:
  // `last`: the latest instant the recording can speak of.
  Clock(ClockPair first, ClockPair second, uint64_t last_ns);
  // 0 stays 0 (unknown); what lies before the first pair or after the last instant is clamped.
  uint64_t to_ns(uint64_t ticks) const;
  uint64_t duration_ns(uint64_t ticks) const;

 private:
  ClockPair first_;
  double ns_per_tick_ = 0;
  uint64_t last_ns_ = 0;
};

// This machine's pair at this instant.
ClockPair clock_pair_now();
// The same on the clock of a process that lives, as far as its recording tells: in a time namespace
// CLOCK_MONOTONIC is set off against ours, and the counter is not. start: the recording's first
// pair, taken at start_realtime_ns.
ClockPair clock_pair_of(ClockPair start, uint64_t start_realtime_ns);
uint64_t realtime_now_ns();

}  // namespace track::read
