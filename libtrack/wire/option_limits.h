// option_limits.h: the most that an option of a number may ask for. The library takes less where
// the environment asks for more; `track run` refuses, so that nobody believes in a room not there.
#pragma once

#include <cstdint>

namespace track::wire {

inline constexpr uint64_t kMostThreads = 1 << 22;
inline constexpr uint64_t kMostCoroutines = (1 << 24) - 128;  // their numbers have 24 bits
inline constexpr uint64_t kMostFibers = 1 << 22;
inline constexpr uint64_t kMostStackMiB = 1 << 16;
inline constexpr uint64_t kMostSamplesASecond = 1000;
inline constexpr uint64_t kLongestPauseMs = 3600 * 1000;

struct OptionLimit {
  const char* name;
  uint64_t most;
};
inline constexpr OptionLimit kOptionLimits[] = {
    {"threads_max", kMostThreads}, {"coroutines_max", kMostCoroutines},
    {"fibers_max", kMostFibers},   {"stacks_mb", kMostStackMiB},
    {"take_ms", kLongestPauseMs},  {"hold_ms", kLongestPauseMs},
};

}  // namespace track::wire
