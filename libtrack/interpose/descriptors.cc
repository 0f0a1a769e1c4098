// Calls that change whether a descriptor makes its users wait (capture/descriptors.h).
#include "libtrack/capture/descriptors.h"

#include <sys/ioctl.h>

#include "libtrack/capture/real.h"
#include "libtrack/capture/waits.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;

// Before the real call: afterwards the number may already be somebody else's.
TRACK_EXPORT int close(int fd) {
  forget_descriptor(fd);
  return real.close(fd);
}
TRACK_EXPORT int close_range(unsigned first, unsigned last, int flags) noexcept {
  if ((flags & CLOSE_RANGE_CLOEXEC) == 0) forget_descriptors();
  return real.close_range(first, last, flags);
}
TRACK_EXPORT void closefrom(int first) noexcept {
  forget_descriptors();
  real.closefrom(first);
}

TRACK_EXPORT int dup2(int from, int to) noexcept {
  const int rc = real.dup2(from, to);
  forget_descriptor(to);
  return rc;
}
TRACK_EXPORT int dup3(int from, int to, int flags) noexcept {
  const int rc = real.dup3(from, to, flags);
  forget_descriptor(to);
  return rc;
}

// libc's are variadic: whatever the caller left in the register is passed on.
namespace {

[[gnu::noinline]] int lock_file(int fd, int command, long argument,
                                decltype(Real::fcntl) function) {
  TRACK_WAIT(open, WaitRequest{WaitKind::file_lock, 0, descriptor(fd)});
  const int rc = function(fd, command, argument);
  end_wait(open);
  return rc;
}

[[gnu::noinline]] int set_flags(int fd, int command, long argument,
                                decltype(Real::fcntl) function) {
  const int rc = function(fd, command, argument);
  if ((argument & O_NONBLOCK) != 0)
    forget_descriptor(fd);
  else
    forget_descriptors();
  return rc;
}

[[gnu::noinline]] int set_mode(int fd, unsigned long request, long argument) {
  const int rc = real.ioctl(fd, request, argument);
  if (rc != 0) return rc;
  if (*reinterpret_cast<const int*>(argument) != 0)
    forget_descriptor(fd);
  else
    forget_descriptors();
  return rc;
}

}  // namespace

#define TRACK_FCNTL(name)                                                       \
  TRACK_EXPORT int track_##name(int fd, int command, long argument) asm(#name); \
  TRACK_EXPORT int track_##name(int fd, int command, long argument) {           \
    if (command == F_SETFL) return set_flags(fd, command, argument, real.name); \
    if (command == F_SETLKW || command == F_OFD_SETLKW)                         \
      return lock_file(fd, command, argument, real.name);                       \
    return real.name(fd, command, argument);                                    \
  }
TRACK_FCNTL(fcntl)
TRACK_FCNTL(fcntl64)

TRACK_EXPORT int track_ioctl(int fd, unsigned long request, long argument) asm("ioctl");
TRACK_EXPORT int track_ioctl(int fd, unsigned long request, long argument) {
  if (request == FIONBIO) return set_mode(fd, request, argument);
  return real.ioctl(fd, request, argument);
}
