// kill_oracle.h: what a program that is about to be killed surely had at that instant. A page
// shared with the checker. Each word is set after the fact and cleared before it ends, so that
// whatever stands there must be in the recording.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::test {

inline constexpr int kWorkers = 4;
inline constexpr int kParked = 64;
inline constexpr int kShort = 4;
inline constexpr int kBlocked = 2;

struct KillOracle {
  std::atomic<uint64_t> rounds;  // progress, to see that the program was at work
  struct Worker {
    std::atomic<int32_t> tid;
    std::atomic<uint64_t> holds;            // a mutex that it holds
    std::atomic<uint64_t> parked[kParked];  // frames of suspended coroutines
  } workers[kWorkers];
  std::atomic<int32_t> short_lived[kShort];  // tids of threads that come and go
  struct Blocked {
    std::atomic<int32_t> tid;
    std::atomic<uint64_t> mutex;  // set once it surely waits for it
  } blocked[kBlocked];
  std::atomic<uint64_t> mutexes;  // all mutexes lie from here
  std::atomic<uint64_t> mutexes_end;
};

}  // namespace track::test
