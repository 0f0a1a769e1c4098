// what: EINTR and SA_RESTART in every wait a signal can interrupt
// leaves: recordings
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/torture/check.h"

static volatile sig_atomic_t ticks;
static int pipes[2];
static bool feed;

// Later ones only for a signal that came before the wait began.
static void handler(int) {
  const int before = errno;
  ticks = ticks + 1;
  if (feed && ticks == 3) (void)!write(pipes[1], "x", 1);
  // One that comes once the wait is over must not change what is shown of it.
  errno = ticks == 1 ? 4711 : before;
}

#define INTERRUPTED(call) \
  do {                    \
    ticks = 0;            \
    SHOW_ERRNO(call);     \
  } while (0)

int main() {
  static char byte;
  const timespec far{100, 0};
  timespec rest{};
  CHECK(pipe(pipes) == 0);
  int sockets[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
  const int epoll = epoll_create1(0);
  epoll_event event;
  sigset_t usr2, none;
  sigemptyset(&none);
  sigemptyset(&usr2);
  sigaddset(&usr2, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &usr2, nullptr);
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  const int queue = msgget(IPC_PRIVATE, 0600);
  struct {
    long type;
    char text[8];
  } letter;
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(SIGALRM, &action, nullptr);
  const itimerval often{{0, 3000}, {0, 3000}};
  setitimer(ITIMER_REAL, &often, nullptr);
  pollfd polled{pipes[0], POLLIN, 0};
  INTERRUPTED(read(pipes[0], &byte, 1));
  INTERRUPTED(recv(sockets[0], &byte, 1, 0));
  INTERRUPTED(poll(&polled, 1, -1));
  INTERRUPTED(ppoll(&polled, 1, &far, nullptr));
  INTERRUPTED(select(0, nullptr, nullptr, nullptr, nullptr));
  INTERRUPTED(pselect(0, nullptr, nullptr, nullptr, nullptr, nullptr));
  INTERRUPTED(epoll_wait(epoll, &event, 1, -1));
  INTERRUPTED(nanosleep(&far, &rest));
  CHECK(rest.tv_sec >= 90);
  INTERRUPTED(clock_nanosleep(CLOCK_MONOTONIC, 0, &far, &rest));
  INTERRUPTED(sleep(100) > 0);
  INTERRUPTED(usleep(90000000));
  INTERRUPTED(pause());
  INTERRUPTED(sigsuspend(&none));
  INTERRUPTED(sigwaitinfo(&usr2, nullptr));
  INTERRUPTED(sigtimedwait(&usr2, nullptr, &far));
  INTERRUPTED(sem_wait(&semaphore));
  INTERRUPTED(msgrcv(queue, &letter, sizeof letter.text, 0, 0));
  INTERRUPTED(waitpid(child, nullptr, 0));
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  feed = true;
  INTERRUPTED(read(pipes[0], &byte, 1));
  feed = false;
  INTERRUPTED(poll(&polled, 1, -1));
  INTERRUPTED(epoll_wait(epoll, &event, 1, -1));
  INTERRUPTED(nanosleep(&far, &rest));
  setitimer(ITIMER_REAL, new itimerval{}, nullptr);
  msgctl(queue, IPC_RMID, nullptr);
  kill(child, SIGKILL);
  SHOW(waitpid(child, nullptr, 0) == child);
}
