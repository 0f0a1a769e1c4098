#include "libtrack/core/sys.h"

#include <fcntl.h>
#include <time.h>

namespace track::sys {

std::atomic<bool> filtered{false};

namespace {

uint64_t clock_ns(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);  // the vdso: no kernel entry, and it cannot fail for these clocks
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

uint64_t monotonic_ns() {
  return clock_ns(CLOCK_MONOTONIC);
}
uint64_t realtime_ns() {
  return clock_ns(CLOCK_REALTIME);
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
