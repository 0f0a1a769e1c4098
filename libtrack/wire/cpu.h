// cpu.h: where CPU time went (option cpu): how often each stack was found running, by timers that
// run with each thread's CPU time. An open-addressing table of whole samples; nothing is ever taken
// out, so that a reader needs no word of order. Entry 0 is the CpuHead, in two entries' room.
#pragma once

#include <atomic>
#include <cstdint>

#include "libtrack/wire/key_count.h"

namespace track::wire {

enum class CpuState : uint32_t {
  off = 0,
  sampling = 1,
  no_signal = 2,  // the program uses every real-time signal
  filtered = 3,   // the program filters its system calls: a signal's return may kill it
  taken = 4,      // the program set a handler over ours behind libc's back
};

struct CpuHead {
  uint32_t period_ns;  // of a thread's CPU time, between two samples
  std::atomic<CpuState> state;
  std::atomic<uint32_t> signal;   // the one in use, 0 = none
  std::atomic<uint32_t> refused;  // threads that got no timer
  std::atomic<uint64_t> lost;     // samples that found no room
  std::atomic<uint64_t> unseen;   // samples due while the thread had the signal blocked
};
static_assert(sizeof(CpuHead) == 32);

// Of a key: the stack's reference, or 0 where the tracker itself was running and could not be
// looked at; for a sample on a fiber, the stack that created it; for one in a coroutine whose
// awaiters are known (kAwaitedBy), the stack that created the outermost of them.
inline constexpr uint64_t kCpuKeyUsed = uint64_t{1} << 31;  // so that no key is 0
inline constexpr uint64_t kCpuKeyFiber = uint64_t{1} << 63;

using CpuSample = KeyCount;  // key: kCpuKeyUsed | stack | created_stack << 32

inline constexpr uint32_t kCpuHeadEntries = 2;
inline constexpr uint32_t kCpuSamples = 32768;  // entries, the head's among them

constexpr uint64_t cpu_key(uint32_t stack, bool on_fiber, uint32_t created) {
  return kCpuKeyUsed | stack | (on_fiber ? kCpuKeyFiber : 0) | uint64_t{created} << 32;
}
constexpr uint32_t cpu_key_stack(uint64_t key) {
  return key & 0x7fffffff;
}
constexpr uint32_t cpu_key_created(uint64_t key) {
  return key >> 32 & 0x7fffffff;
}

}  // namespace track::wire
