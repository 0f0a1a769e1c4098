// Sleeping, polling, waiting for signals and children: a wait around the real call.
#include "libtrack/capture/real.h"
#include "libtrack/capture/waits.h"
#include "libtrack/core/cpu_sampler.h"
#include "libtrack/core/hot.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;
using track::wire::kWaitTimed;

#define TRACK_WAITING(kind, flags, object, call)                                      \
  TRACK_WAIT(open, WaitRequest{WaitKind::kind, static_cast<uint8_t>(flags), object}); \
  const auto rc = real.call;                                                          \
  end_wait(open);                                                                     \
  return rc

// With a mask of its own, or for signals: a CPU sample that is pending would end the wait.
namespace {
template <class Call>
auto unsampled(const void* mask, Call call) {
  if (__builtin_expect(mask == nullptr || !track::core::cpu_signal_about(), 1)) return call();
  const auto paused = track::core::pause_cpu_timer();
  const auto rc = call();
  track::core::resume_cpu_timer(paused);
  return rc;
}
}  // namespace
#define TRACK_WAITING_WITH(mask, kind, flags, object, call)                           \
  TRACK_WAIT(open, WaitRequest{WaitKind::kind, static_cast<uint8_t>(flags), object}); \
  const auto rc = unsampled(mask, [&] { return real.call; });                         \
  end_wait(open);                                                                     \
  return rc

TRACK_EXPORT int nanosleep(const timespec* t, timespec* left) {
  TRACK_WAITING(sleep, kWaitTimed, nullptr, nanosleep(t, left));
}
TRACK_EXPORT int clock_nanosleep(clockid_t clock, int flags, const timespec* t, timespec* left) {
  TRACK_WAITING(sleep, kWaitTimed, nullptr, clock_nanosleep(clock, flags, t, left));
}
TRACK_EXPORT unsigned sleep(unsigned seconds) {
  TRACK_WAITING(sleep, kWaitTimed, nullptr, sleep(seconds));
}
TRACK_EXPORT int usleep(useconds_t us) {
  TRACK_WAITING(sleep, kWaitTimed, nullptr, usleep(us));
}
TRACK_EXPORT int thrd_sleep(const timespec* t, timespec* left) {
  TRACK_WAITING(sleep, kWaitTimed, nullptr, thrd_sleep(t, left));
}

// A zero timeout never blocks, a negative one never ends by itself.
#define TRACK_POLLING(kind, object, milliseconds, call) \
  if ((milliseconds) == 0) return real.call;            \
  TRACK_WAITING(kind, (milliseconds) > 0 ? kWaitTimed : 0, object, call)

// The same with a limit in a structure; null never ends by itself. Only for calls in which libc
// itself reads the limit: elsewhere a bad pointer is EFAULT, not a fault.
namespace {
bool is_zero(const timespec* t) {
  return t != nullptr && t->tv_sec == 0 && t->tv_nsec == 0;
}
bool is_zero(const timeval* t) {
  return t != nullptr && t->tv_sec == 0 && t->tv_usec == 0;
}
}  // namespace
#define TRACK_POLLING_UNTIL(mask, kind, object, limit, call)             \
  if (is_zero(limit)) return unsampled(mask, [&] { return real.call; }); \
  TRACK_WAITING_WITH(mask, kind, (limit) != nullptr ? kWaitTimed : 0, object, call)

TRACK_EXPORT TRACK_HOT_CODE int poll(pollfd* fds, nfds_t n, int ms) {
  TRACK_POLLING(poll, nullptr, ms, poll(fds, n, ms));
}
TRACK_EXPORT int __poll_chk(pollfd* fds, nfds_t n, int ms, size_t room) {
  TRACK_POLLING(poll, nullptr, ms, __poll_chk(fds, n, ms, room));
}
TRACK_EXPORT int ppoll(pollfd* fds, nfds_t n, const timespec* t, const sigset_t* mask) {
  TRACK_POLLING_UNTIL(mask, poll, nullptr, t, ppoll(fds, n, t, mask));
}
TRACK_EXPORT int __ppoll_chk(pollfd* fds, nfds_t n, const timespec* t, const sigset_t* mask,
                             size_t room) {
  TRACK_POLLING_UNTIL(mask, poll, nullptr, t, __ppoll_chk(fds, n, t, mask, room));
}
TRACK_EXPORT int select(int n, fd_set* in, fd_set* out, fd_set* bad, timeval* t) {
  TRACK_POLLING_UNTIL(nullptr, select, nullptr, t, select(n, in, out, bad, t));
}
TRACK_EXPORT int pselect(int n, fd_set* in, fd_set* out, fd_set* bad, const timespec* t,
                         const sigset_t* mask) {
  TRACK_POLLING_UNTIL(mask, select, nullptr, t, pselect(n, in, out, bad, t, mask));
}
TRACK_EXPORT TRACK_HOT_CODE int epoll_wait(int fd, epoll_event* events, int n, int ms) {
  TRACK_POLLING(epoll, descriptor(fd), ms, epoll_wait(fd, events, n, ms));
}
TRACK_EXPORT int epoll_pwait(int fd, epoll_event* events, int n, int ms, const sigset_t* mask) {
  if (ms == 0) return unsampled(mask, [&] { return real.epoll_pwait(fd, events, n, ms, mask); });
  TRACK_WAITING_WITH(mask, epoll, ms > 0 ? kWaitTimed : 0, descriptor(fd),
                     epoll_pwait(fd, events, n, ms, mask));
}
TRACK_EXPORT int epoll_pwait2(int fd, epoll_event* events, int n, const timespec* t,
                              const sigset_t* mask) {
  TRACK_WAITING_WITH(mask, epoll, t != nullptr ? kWaitTimed : 0, descriptor(fd),
                     epoll_pwait2(fd, events, n, t, mask));
}

TRACK_EXPORT int pause() {
  TRACK_WAITING(signal, 0, nullptr, pause());
}
TRACK_EXPORT int sigwait(const sigset_t* set, int* signal) {
  TRACK_WAITING_WITH(set, signal, 0, nullptr, sigwait(set, signal));
}
TRACK_EXPORT int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
  TRACK_WAITING_WITH(set, signal, 0, nullptr, sigwaitinfo(set, info));
}
TRACK_EXPORT int sigtimedwait(const sigset_t* set, siginfo_t* info, const timespec* t) {
  TRACK_WAITING_WITH(set, signal, t != nullptr ? kWaitTimed : 0, nullptr,
                     sigtimedwait(set, info, t));
}
TRACK_EXPORT int sigsuspend(const sigset_t* mask) {
  TRACK_WAITING_WITH(mask, signal, 0, nullptr, sigsuspend(mask));
}

TRACK_EXPORT pid_t wait(int* status) {
  TRACK_WAITING(process, 0, nullptr, wait(status));
}
TRACK_EXPORT pid_t waitpid(pid_t pid, int* status, int options) {
  if ((options & WNOHANG) != 0) return real.waitpid(pid, status, options);
  TRACK_WAITING(process, 0, descriptor(pid), waitpid(pid, status, options));
}
TRACK_EXPORT pid_t wait3(int* status, int options, rusage* usage) noexcept {
  if ((options & WNOHANG) != 0) return real.wait3(status, options, usage);
  TRACK_WAITING(process, 0, nullptr, wait3(status, options, usage));
}
TRACK_EXPORT pid_t wait4(pid_t pid, int* status, int options, rusage* usage) noexcept {
  if ((options & WNOHANG) != 0) return real.wait4(pid, status, options, usage);
  TRACK_WAITING(process, 0, descriptor(pid), wait4(pid, status, options, usage));
}
TRACK_EXPORT int waitid(idtype_t type, id_t id, siginfo_t* info, int options) {
  if ((options & WNOHANG) != 0) return real.waitid(type, id, info, options);
  TRACK_WAITING(process, 0, descriptor(id), waitid(type, id, info, options));
}
