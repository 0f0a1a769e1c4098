// Calls that may block on a descriptor or a queue: a wait around the real call.
#include "libtrack/capture/descriptors.h"
#include "libtrack/capture/real.h"
#include "libtrack/capture/waits.h"
#include "libtrack/core/hot.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;
using track::wire::kWaitTimed;

#define TRACK_WAITING(kind, object, call)                               \
  TRACK_WAIT(open, WaitRequest{WaitKind::kind, 0, descriptor(object)}); \
  const auto rc = real.call;                                            \
  end_wait(open);                                                       \
  return rc

// Where the call cannot wait it is all there is to do. The other case ends the hook by a jump (the
// build sees to it) and stands in its place.
#define TRACK_IO(kind, result, name, parameters, arguments, at_once)                      \
  namespace {                                                                             \
  [[gnu::noinline]] result waiting_##name parameters {                                    \
    if (found_never_to_wait(fd)) return real.name arguments;                              \
    TRACK_WAITING(kind, fd, name arguments);                                              \
  }                                                                                       \
  }                                                                                       \
  TRACK_EXPORT TRACK_HOT_CODE result name parameters {                                    \
    return (at_once) || never_waits(fd) ? real.name arguments : waiting_##name arguments; \
  }

TRACK_IO(read, ssize_t, read, (int fd, void* b, size_t n), (fd, b, n), false)
TRACK_IO(read, ssize_t, __read_chk, (int fd, void* b, size_t n, size_t room), (fd, b, n, room),
         false)
TRACK_IO(read, ssize_t, readv, (int fd, const iovec* v, int n), (fd, v, n), false)
TRACK_IO(write, ssize_t, write, (int fd, const void* b, size_t n), (fd, b, n), false)
TRACK_IO(write, ssize_t, writev, (int fd, const iovec* v, int n), (fd, v, n), false)
TRACK_IO(read, ssize_t, recv, (int fd, void* b, size_t n, int flags), (fd, b, n, flags),
         (flags & MSG_DONTWAIT) != 0)
TRACK_IO(read, ssize_t, __recv_chk, (int fd, void* b, size_t n, size_t room, int flags),
         (fd, b, n, room, flags), (flags & MSG_DONTWAIT) != 0)
TRACK_IO(read, ssize_t, recvfrom,
         (int fd, void* b, size_t n, int flags, sockaddr* from, socklen_t* length),
         (fd, b, n, flags, from, length), (flags & MSG_DONTWAIT) != 0)
TRACK_IO(read, ssize_t, __recvfrom_chk,
         (int fd, void* b, size_t n, size_t room, int flags, sockaddr* from, socklen_t* length),
         (fd, b, n, room, flags, from, length), (flags & MSG_DONTWAIT) != 0)
TRACK_IO(read, ssize_t, recvmsg, (int fd, msghdr* message, int flags), (fd, message, flags),
         (flags & MSG_DONTWAIT) != 0)
TRACK_IO(read, int, recvmmsg, (int fd, mmsghdr* messages, unsigned n, int flags, timespec* t),
         (fd, messages, n, flags, t), (flags & MSG_DONTWAIT) != 0)
TRACK_IO(write, ssize_t, send, (int fd, const void* b, size_t n, int flags), (fd, b, n, flags),
         (flags & MSG_DONTWAIT) != 0)
TRACK_IO(write, ssize_t, sendto,
         (int fd, const void* b, size_t n, int flags, const sockaddr* to, socklen_t length),
         (fd, b, n, flags, to, length), (flags & MSG_DONTWAIT) != 0)
TRACK_IO(write, ssize_t, sendmsg, (int fd, const msghdr* message, int flags), (fd, message, flags),
         (flags & MSG_DONTWAIT) != 0)
TRACK_IO(accept, int, accept, (int fd, sockaddr* from, socklen_t* length), (fd, from, length),
         false)
TRACK_IO(accept, int, accept4, (int fd, sockaddr* from, socklen_t* length, int flags),
         (fd, from, length, flags), false)
TRACK_IO(connect, int, connect, (int fd, const sockaddr* to, socklen_t length), (fd, to, length),
         false)

TRACK_EXPORT int flock(int fd, int operation) noexcept {
  if ((operation & LOCK_NB) != 0 || operation == LOCK_UN) return real.flock(fd, operation);
  TRACK_WAITING(file_lock, fd, flock(fd, operation));
}
TRACK_EXPORT int lockf(int fd, int command, off_t n) {
  if (command != F_LOCK) return real.lockf(fd, command, n);
  TRACK_WAITING(file_lock, fd, lockf(fd, command, n));
}

TRACK_EXPORT ssize_t msgrcv(int queue, void* b, size_t n, long type, int flags) {
  TRACK_WAITING(message, queue, msgrcv(queue, b, n, type, flags));
}
TRACK_EXPORT int msgsnd(int queue, const void* b, size_t n, int flags) {
  TRACK_WAITING(message, queue, msgsnd(queue, b, n, flags));
}
TRACK_EXPORT int semop(int id, sembuf* operations, size_t n) noexcept {
  TRACK_WAITING(message, id, semop(id, operations, n));
}
TRACK_EXPORT int semtimedop(int id, sembuf* operations, size_t n, const timespec* t) noexcept {
  TRACK_WAIT(open, WaitRequest{WaitKind::message, kWaitTimed, descriptor(id)});
  const int rc = real.semtimedop(id, operations, n, t);
  end_wait(open);
  return rc;
}
TRACK_EXPORT ssize_t mq_receive(mqd_t q, char* b, size_t n, unsigned* priority) {
  TRACK_WAITING(message, q, mq_receive(q, b, n, priority));
}
TRACK_EXPORT ssize_t mq_timedreceive(mqd_t q, char* b, size_t n, unsigned* priority,
                                     const timespec* t) {
  TRACK_WAITING(message, q, mq_timedreceive(q, b, n, priority, t));
}
TRACK_EXPORT int mq_send(mqd_t q, const char* b, size_t n, unsigned priority) {
  TRACK_WAITING(message, q, mq_send(q, b, n, priority));
}
TRACK_EXPORT int mq_timedsend(mqd_t q, const char* b, size_t n, unsigned priority,
                              const timespec* t) {
  TRACK_WAITING(message, q, mq_timedsend(q, b, n, priority, t));
}
