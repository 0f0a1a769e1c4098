#include "libtrack/core/sys.h"

#include <fcntl.h>
#include <time.h>

#include "libtrack/core/symbols.h"

namespace track::sys {

std::atomic<bool> filtered{false};

namespace {

using Clock = int (*)(clockid_t, timespec*);

// The vdso's: no kernel entry, and it cannot fail for these clocks. Not by libc's name, which a
// preload (libfaketime) may answer with a time of its own, while ticks are the processor's.
Clock kernel_clock() {
  static std::atomic<Clock> known{nullptr};
  Clock clock = known.load(std::memory_order_relaxed);
  if (clock != nullptr) return clock;
  clock = reinterpret_cast<Clock>(core::find_exported("__vdso_clock_gettime"));
  if (clock == nullptr) clock = clock_gettime;
  known.store(clock, std::memory_order_relaxed);
  return clock;
}

uint64_t clock_ns(clockid_t clock) {
  timespec now;
  kernel_clock()(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

uint64_t monotonic_ns() {
  return clock_ns(CLOCK_MONOTONIC);
}
uint64_t realtime_ns() {
  return clock_ns(CLOCK_REALTIME);
}
uint64_t boottime_ns() {
  return clock_ns(CLOCK_BOOTTIME);
}

long read_file(const char* path, char* buffer, size_t capacity) {
  const long fd = call(SYS_openat, AT_FDCWD, as_long(path), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  size_t length = 0;
  while (length < capacity) {
    const long n =
        call(SYS_read, fd, as_long(buffer + length), static_cast<long>(capacity - length));
    if (n <= 0) break;
    length += static_cast<size_t>(n);
  }
  call(SYS_close, fd);
  return static_cast<long>(length);
}

}  // namespace track::sys
