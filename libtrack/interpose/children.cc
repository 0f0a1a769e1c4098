// How a process makes others, where the atfork handlers do not see it.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "libtrack/capture/real.h"
#include "libtrack/capture/threads.h"
#include "libtrack/control/fork.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;

namespace {

// What daemon() does with the descriptors; libc's own open and close are cancellation points.
bool use_null_device() {
  auto close_it = [](int fd) { real.syscall(SYS_close, fd, 0, 0, 0, 0, 0); };
  const auto fd = static_cast<int>(
      real.syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>("/dev/null"), O_RDWR, 0, 0, 0));
  if (fd < 0) return false;
  struct stat st {};
  const bool known = fstat(fd, &st) == 0;
  if (!known || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3)) {
    close_it(fd);
    if (known) errno = ENODEV;
    return false;
  }
  for (int standard = 0; standard <= 2; ++standard) dup2(fd, standard);
  if (fd > 2) close_it(fd);
  return true;
}

}  // namespace

TRACK_EXPORT pid_t _Fork() noexcept {
  track::control::before_fork();
  const pid_t pid = real._Fork();
  if (pid == 0) track::control::in_fork_child();
  return pid;
}

// libc's own ends the parent by an _exit that nobody sees: the same steps, with an end that is
// seen.
TRACK_EXPORT int daemon(int stay, int keep_open) noexcept {
  const pid_t pid = fork();
  if (pid < 0) return -1;
  if (pid > 0) _exit(0);
  if (setsid() < 0) return -1;
  if (stay == 0) (void)!chdir("/");
  return keep_open != 0 || use_null_device() ? 0 : -1;
}

// A child in our memory without thread-local storage of its own takes itself for this thread.
TRACK_EXPORT int clone(int (*run)(void*), void* stack, int flags, void* argument, ...) noexcept {
  va_list more;
  va_start(more, argument);
  void* parent_tid = va_arg(more, void*);
  void* tls = va_arg(more, void*);
  void* child_tid = va_arg(more, void*);
  va_end(more);
  if ((flags & (CLONE_VM | CLONE_SETTLS | CLONE_VFORK)) == CLONE_VM) no_longer_told_apart();
  return real.clone(run, stack, flags, argument, parent_tid, tls, child_tid);
}
