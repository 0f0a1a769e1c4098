// heap_level.h: how many bytes are in use, and the most there ever were, where every block is
// recorded with its stack. Each thread adds up what it allocates and frees, and tells the sum when
// it has changed by kLevelStep: so both are right to that much for each thread. Any thread and any
// signal handler, in the process whose recording it is.
#pragma once

#include <cstdint>

namespace track::core {

inline constexpr int64_t kLevelStep = 64 << 10;

extern constinit thread_local int64_t untold_bytes __attribute__((tls_model("initial-exec")));

void tell_heap_level();  // also at a thread's end

// One instruction changes the sum: a handler's change in between is not lost.
inline void heap_level_changed(int64_t bytes) {
  asm volatile("add %1, %0" : "+m"(untold_bytes) : "r"(bytes) : "cc");
  const auto span = static_cast<uint64_t>(2 * kLevelStep);
  if (__builtin_expect(static_cast<uint64_t>(untold_bytes + kLevelStep) > span, 0))
    tell_heap_level();
}

void restart_heap_level_after_fork();

}  // namespace track::core
