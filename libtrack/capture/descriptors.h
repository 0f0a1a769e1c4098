// descriptors.h: which descriptors never make a thread wait: those in non-blocking mode, other than
// files. A call on one of them publishes nothing, because there is nothing to publish.
//
// The kernel is asked at a descriptor's first call, and again at one in 256 of a thread's calls.
// What changes the answer is hooked: close, dup2, fcntl, ioctl and their kin. Where that is not
// seen (libc closes a descriptor itself, another process changes the mode) a wait may stay
// unpublished until the kernel is asked again: `track` then finds the thread asleep from outside,
// with its call, its object and its stack, but not since when.
//
// Any thread, signal handlers too. Nothing here changes errno or is a cancellation point.
#pragma once

#include <atomic>
#include <cstdint>

#include "libtrack/core/thread_state.h"

namespace track::capture {

inline constexpr uint32_t kDescriptors = 1 << 16;  // larger ones always may wait
enum class DescriptorMode : uint8_t { unknown = 0, never_waits = 1, may_wait = 2 };
extern std::atomic<DescriptorMode> descriptor_modes[kDescriptors];

inline DescriptorMode mode_of(int fd) {
  return static_cast<uint32_t>(fd) < kDescriptors
             ? descriptor_modes[fd].load(std::memory_order_relaxed)
             : DescriptorMode::may_wait;
}

// The common case without a call. False: ask found_never_to_wait.
[[gnu::always_inline]] inline bool never_waits(int fd) {
  return mode_of(fd) == DescriptorMode::never_waits &&
         __builtin_expect(--core::this_thread.io_calls != 0, 1);
}
bool found_never_to_wait(int fd);

// After a change of its mode, before it is closed, after it was opened.
inline void forget_descriptor(int fd) {
  if (mode_of(fd) != DescriptorMode::unknown && static_cast<uint32_t>(fd) < kDescriptors)
    descriptor_modes[fd].store(DescriptorMode::unknown, std::memory_order_relaxed);
}
// Blocking mode was set: it is shared by all duplicates. Or many were closed at once.
void forget_descriptors();

}  // namespace track::capture
