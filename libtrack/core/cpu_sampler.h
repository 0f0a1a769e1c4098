// cpu_sampler.h: where threads spend their CPU time (option cpu). Each thread has a timer of its
// own CPU time that sends it a real-time signal; the handler writes the interrupted stack's count
// into the recording's table and one event into the ring.
//
// Off (the default): no signal, no handler, no timer. On, what the target could notice is kept from
// it (interpose/signals.cc): it sees the signal as one that nobody uses, and its masks stay as it
// sets them; a thread that blocks the signal is simply not sampled meanwhile, which is counted. The
// timer stands still while a thread waits for signals or with a mask of its own. The signal comes
// when the thread goes back from the kernel to its own code, so no call of it ends early (kernels
// before 5.11: a call may, as with any handled signal, where its CPU time ends a period). When the
// target wants the signal for itself we move to another one.
#pragma once

#include <atomic>
#include <cstdint>

#include "libtrack/wire/cpu.h"

namespace track::core {

extern std::atomic<int> cpu_signal_number;  // in use now; 0: not sampling
extern std::atomic<int> cpu_signal_going;   // was in use, and may still be pending; 0: none

inline bool cpu_sampling() {
  return cpu_signal_number.load(std::memory_order_relaxed) != 0;
}
// Whether our signal may be pending, or come.
inline bool cpu_signal_about() {
  return cpu_signal_number.load(std::memory_order_acquire) != 0 ||
         cpu_signal_going.load(std::memory_order_acquire) != 0;
}
// Its bit in the kernel's signal masks; 0: not sampling.
inline uint64_t cpu_signal_bit() {
  const int number = cpu_signal_number.load(std::memory_order_relaxed);
  return number == 0 ? 0 : uint64_t{1} << (number - 1);
}

// A thread's timer while it stands still. No destructor: what lies between may be cancelled.
struct PausedCpuTimer {
  int32_t timer = -1;
  uint64_t left_ns = 0;
};
PausedCpuTimer pause_cpu_timer();  // and nothing of ours is pending on this thread then
void resume_cpu_timer(const PausedCpuTimer& paused);

// Once, when the recording is open and before start_threads().
void start_cpu_sampling();
// The same in a thread that exists for it alone and blocks every signal, when threads were found
// and the recording is on: blocked are those that the program's main thread blocks. Threads that
// are there are sampled though they may never call a hook. Again after stop_cpu_sampling().
void start_cpu_sampling_late(uint64_t blocked);

// On the thread itself: its slot must be set. Safe to call where nothing is sampled.
void begin_cpu_timer();
void end_cpu_timer();

// The target is about to use these signals (bit N - 1 for signal N): if ours is among them, another
// one is taken from now on.
void leave_cpu_signals(uint64_t wanted);

// No timer and no signal any more: before the target's system-call filter is there (filtered), or
// because nothing is recorded from now on (off).
void stop_cpu_sampling(wire::CpuState state);

// Has this process taken any sample?
bool cpu_sampled();

// In the child, on the thread that forked: timers stay with the parent.
void restart_cpu_sampling_after_fork();

}  // namespace track::core
