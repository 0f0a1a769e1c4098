// what: errno of every blocking call: success, EINTR, bad descriptors, bad pointers
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <new>

#include "tests/torture/check.h"

#define KEEPS_ERRNO(call)                                                             \
  do {                                                                                \
    errno = 4242;                                                                     \
    const long shown_ = static_cast<long>(call);                                      \
    printf("%s = %ld errno %s\n", #call, shown_, errno == 4242 ? "kept" : "changed"); \
  } while (0)

int main() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  sigaction(SIGALRM, &action, nullptr);
  timer_t timer;
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGALRM;
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  // Again and again: on a crowded machine the first one may come before the call has begun to wait.
  const itimerspec each_2_ms{{0, 2000000}, {0, 2000000}}, never{};
  int pipes[2], sockets[2];
  if (pipe(pipes) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) return 1;
  const int poller = epoll_create1(0);
  epoll_event ready[1];
  char byte = 'x';
  pollfd one{pipes[0], POLLIN, 0};
  const timespec second{1, 0}, invalid{0, 2000000000};
  sigset_t none;
  sigemptyset(&none);
  iovec vector{&byte, 1};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  void* const bad = reinterpret_cast<void*>(8);

  KEEPS_ERRNO(write(pipes[1], &byte, 1));
  KEEPS_ERRNO(read(pipes[0], &byte, 1));
  KEEPS_ERRNO(poll(&one, 1, 1));
  KEEPS_ERRNO(usleep(1));
  KEEPS_ERRNO(malloc(100) != nullptr);
  KEEPS_ERRNO(send(sockets[0], &byte, 1, 0));
  KEEPS_ERRNO(recv(sockets[1], &byte, 1, 0));
  KEEPS_ERRNO(epoll_wait(poller, ready, 1, 1));
  pthread_t thread;
  KEEPS_ERRNO(pthread_create(
      &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr));
  KEEPS_ERRNO(pthread_join(thread, nullptr));
  KEEPS_ERRNO(operator new(5000) != nullptr);
  KEEPS_ERRNO(operator new (5000, std::align_val_t{64}) != nullptr);

  SHOW_ERRNO(read(-1, &byte, 1));
  SHOW_ERRNO(write(-1, &byte, 1));
  SHOW_ERRNO(read(pipes[1], &byte, 1));
  SHOW_ERRNO(readv(-1, &vector, 1));
  SHOW_ERRNO(writev(pipes[1], nullptr, -1));
  SHOW_ERRNO(recvmsg(-1, &message, 0));
  SHOW_ERRNO(sendmsg(pipes[0], &message, 0));
  SHOW_ERRNO(recv(sockets[0], &byte, 1, MSG_DONTWAIT));
  SHOW_ERRNO(accept(sockets[0], nullptr, nullptr));
  SHOW_ERRNO(connect(-1, nullptr, 0));
  SHOW_ERRNO(poll(static_cast<pollfd*>(bad), 1, 1));
  SHOW_ERRNO(poll(static_cast<pollfd*>(bad), 1, 0));
  SHOW_ERRNO(ppoll(&one, 1, &invalid, nullptr));
  SHOW_ERRNO(select(-1, nullptr, nullptr, nullptr, nullptr));
  SHOW_ERRNO(epoll_wait(-1, ready, 1, 1));
  SHOW_ERRNO(epoll_wait(poller, ready, 0, 1));
  SHOW_ERRNO(nanosleep(&invalid, nullptr));
  SHOW_ERRNO(clock_nanosleep(CLOCK_MONOTONIC, 0, &invalid, nullptr));
  SHOW_ERRNO(clock_nanosleep(99, 0, &second, nullptr));
  SHOW_ERRNO(waitpid(-1, nullptr, 0));
  SHOW_ERRNO(waitpid(-1, nullptr, WNOHANG));
  SHOW_ERRNO(waitid(static_cast<idtype_t>(77), 0, nullptr, WEXITED));
  SHOW_ERRNO(sigtimedwait(&none, nullptr, &invalid));
  SHOW_ERRNO(flock(-1, LOCK_EX));
  SHOW_ERRNO(lockf(-1, F_LOCK, 1));
  SHOW_ERRNO(msgrcv(-1, &byte, 1, 0, 0));
  SHOW_ERRNO(semop(-1, nullptr, 0));
  SHOW_ERRNO(mq_receive(static_cast<mqd_t>(-1), &byte, 1, nullptr));

#define INTERRUPTED(call)                                 \
  do {                                                    \
    timer_settime(timer, 0, &each_2_ms, nullptr);         \
    errno = 0;                                            \
    const long shown_ = (long)(call);                     \
    const int error_ = errno;                             \
    timer_settime(timer, 0, &never, nullptr);             \
    printf("%s = %ld errno %d\n", #call, shown_, error_); \
  } while (0)
  INTERRUPTED(read(pipes[0], &byte, 1));
  INTERRUPTED(readv(pipes[0], &vector, 1));
  INTERRUPTED(recv(sockets[0], &byte, 1, 0));
  INTERRUPTED(poll(&one, 1, -1));
  INTERRUPTED(ppoll(&one, 1, nullptr, &none));
  INTERRUPTED(select(0, nullptr, nullptr, nullptr, nullptr));
  INTERRUPTED(pselect(0, nullptr, nullptr, nullptr, nullptr, &none));
  INTERRUPTED(epoll_wait(poller, ready, 1, -1));
  INTERRUPTED(epoll_pwait(poller, ready, 1, -1, &none));
  INTERRUPTED(epoll_pwait2(poller, ready, 1, &second, &none));
  INTERRUPTED(nanosleep(&second, nullptr));
  INTERRUPTED(clock_nanosleep(CLOCK_MONOTONIC, 0, &second, nullptr));
  INTERRUPTED(usleep(500000));
  INTERRUPTED(sleep(1));
  INTERRUPTED(pause());
  INTERRUPTED(sigsuspend(&none));

  SHOW_ERRNO(syscall(SYS_close, -1));
  SHOW_ERRNO(syscall(SYS_futex, &byte, 999, 0, nullptr, nullptr, 0));
  SHOW_ERRNO(syscall(100000));
  CHECK(syscall(SYS_gettid) == gettid());
  void* mapped = reinterpret_cast<void*>(
      syscall(SYS_mmap, 0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  CHECK(mapped != MAP_FAILED && (static_cast<char*>(mapped)[5000] = 1) == 1);
  const int zero = open("/proc/self/exe", O_RDONLY);
  char* page =
      reinterpret_cast<char*>(syscall(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, zero, 4096));
  char compare[16] = "";
  CHECK(pread(zero, compare, 16, 4096) == 16 && memcmp(page, compare, 16) == 0);
  int word = 5;
  SHOW_ERRNO(syscall(SYS_futex, &word, 0, 4, nullptr, nullptr, 0));
  const timespec moment{0, 1000000};
  SHOW_ERRNO(syscall(SYS_futex, &word, 0, 5, &moment, nullptr, 0));
  SHOW_ERRNO(syscall(SYS_futex, &word, 1, 5, nullptr, nullptr, 0));
}
