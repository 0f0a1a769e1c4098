// Calls that may block on a descriptor or a queue: a wait around the real call.
#include "libtrack/capture/real.h"
#include "libtrack/capture/waits.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;
using track::wire::kWaitTimed;

#define TRACK_IO(kind, fd, call)                                    \
  TRACK_WAIT(open, WaitRequest{WaitKind::kind, 0, descriptor(fd)}); \
  const auto rc = real.call;                                        \
  end_wait(open);                                                   \
  return rc
#define TRACK_SOCKET(kind, fd, flags, call)          \
  if (((flags)&MSG_DONTWAIT) != 0) return real.call; \
  TRACK_IO(kind, fd, call)

TRACK_EXPORT ssize_t read(int fd, void* b, size_t n) {
  TRACK_IO(read, fd, read(fd, b, n));
}
TRACK_EXPORT ssize_t __read_chk(int fd, void* b, size_t n, size_t room) {
  TRACK_IO(read, fd, __read_chk(fd, b, n, room));
}
TRACK_EXPORT ssize_t readv(int fd, const iovec* v, int n) {
  TRACK_IO(read, fd, readv(fd, v, n));
}
TRACK_EXPORT ssize_t write(int fd, const void* b, size_t n) {
  TRACK_IO(write, fd, write(fd, b, n));
}
TRACK_EXPORT ssize_t writev(int fd, const iovec* v, int n) {
  TRACK_IO(write, fd, writev(fd, v, n));
}

TRACK_EXPORT ssize_t recv(int fd, void* b, size_t n, int flags) {
  TRACK_SOCKET(read, fd, flags, recv(fd, b, n, flags));
}
TRACK_EXPORT ssize_t __recv_chk(int fd, void* b, size_t n, size_t room, int flags) {
  TRACK_SOCKET(read, fd, flags, __recv_chk(fd, b, n, room, flags));
}
TRACK_EXPORT ssize_t recvfrom(int fd, void* b, size_t n, int flags, sockaddr* from,
                              socklen_t* length) {
  TRACK_SOCKET(read, fd, flags, recvfrom(fd, b, n, flags, from, length));
}
TRACK_EXPORT ssize_t __recvfrom_chk(int fd, void* b, size_t n, size_t room, int flags,
                                    sockaddr* from, socklen_t* length) {
  TRACK_SOCKET(read, fd, flags, __recvfrom_chk(fd, b, n, room, flags, from, length));
}
TRACK_EXPORT ssize_t recvmsg(int fd, msghdr* message, int flags) {
  TRACK_SOCKET(read, fd, flags, recvmsg(fd, message, flags));
}
TRACK_EXPORT int recvmmsg(int fd, mmsghdr* messages, unsigned n, int flags, timespec* t) {
  TRACK_SOCKET(read, fd, flags, recvmmsg(fd, messages, n, flags, t));
}
TRACK_EXPORT ssize_t send(int fd, const void* b, size_t n, int flags) {
  TRACK_SOCKET(write, fd, flags, send(fd, b, n, flags));
}
TRACK_EXPORT ssize_t sendto(int fd, const void* b, size_t n, int flags, const sockaddr* to,
                            socklen_t length) {
  TRACK_SOCKET(write, fd, flags, sendto(fd, b, n, flags, to, length));
}
TRACK_EXPORT ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  TRACK_SOCKET(write, fd, flags, sendmsg(fd, message, flags));
}

TRACK_EXPORT int accept(int fd, sockaddr* from, socklen_t* length) {
  TRACK_IO(accept, fd, accept(fd, from, length));
}
TRACK_EXPORT int accept4(int fd, sockaddr* from, socklen_t* length, int flags) {
  TRACK_IO(accept, fd, accept4(fd, from, length, flags));
}
TRACK_EXPORT int connect(int fd, const sockaddr* to, socklen_t length) {
  TRACK_IO(connect, fd, connect(fd, to, length));
}

TRACK_EXPORT int flock(int fd, int operation) noexcept {
  if ((operation & LOCK_NB) != 0 || operation == LOCK_UN) return real.flock(fd, operation);
  TRACK_IO(file_lock, fd, flock(fd, operation));
}
TRACK_EXPORT int lockf(int fd, int command, off_t n) {
  if (command != F_LOCK) return real.lockf(fd, command, n);
  TRACK_IO(file_lock, fd, lockf(fd, command, n));
}

TRACK_EXPORT ssize_t msgrcv(int queue, void* b, size_t n, long type, int flags) {
  TRACK_IO(message, queue, msgrcv(queue, b, n, type, flags));
}
TRACK_EXPORT int msgsnd(int queue, const void* b, size_t n, int flags) {
  TRACK_IO(message, queue, msgsnd(queue, b, n, flags));
}
TRACK_EXPORT int semop(int id, sembuf* operations, size_t n) noexcept {
  TRACK_IO(message, id, semop(id, operations, n));
}
TRACK_EXPORT int semtimedop(int id, sembuf* operations, size_t n, const timespec* t) noexcept {
  TRACK_WAIT(open, WaitRequest{WaitKind::message, kWaitTimed, descriptor(id)});
  const int rc = real.semtimedop(id, operations, n, t);
  end_wait(open);
  return rc;
}
TRACK_EXPORT ssize_t mq_receive(mqd_t q, char* b, size_t n, unsigned* priority) {
  TRACK_IO(message, q, mq_receive(q, b, n, priority));
}
TRACK_EXPORT ssize_t mq_timedreceive(mqd_t q, char* b, size_t n, unsigned* priority,
                                     const timespec* t) {
  TRACK_IO(message, q, mq_timedreceive(q, b, n, priority, t));
}
TRACK_EXPORT int mq_send(mqd_t q, const char* b, size_t n, unsigned priority) {
  TRACK_IO(message, q, mq_send(q, b, n, priority));
}
TRACK_EXPORT int mq_timedsend(mqd_t q, const char* b, size_t n, unsigned priority,
                              const timespec* t) {
  TRACK_IO(message, q, mq_timedsend(q, b, n, priority, t));
}
