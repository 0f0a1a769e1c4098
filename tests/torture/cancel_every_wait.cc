// what: cancellation in every wait: at once when pending, and while it blocks; locks and errno
// leaves: recordings
// after
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include <atomic>

#include "tests/torture/check.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static int pipes[2], sockets[2], epoll, listener, queue, sems;
static pthread_t sleeper;
static std::atomic<int> tid;
static bool pending;

struct Wait {
  const char* name;
  void (*call)();
};

static char byte;
static iovec vector{&byte, 1};
static msghdr message;
static timespec far{100, 0};
static pollfd polled;
static sigset_t none, usr2;
static struct {
  long type;
  char text[8];
} letter;

static const Wait waits[] = {
    {"read", [] { (void)!read(pipes[0], &byte, 1); }},
    {"readv", [] { (void)!readv(pipes[0], &vector, 1); }},
    {"recv", [] { recv(sockets[0], &byte, 1, 0); }},
    {"recvfrom", [] { recvfrom(sockets[0], &byte, 1, 0, nullptr, nullptr); }},
    {"recvmsg", [] { recvmsg(sockets[0], &message, 0); }},
    {"accept", [] { accept(listener, nullptr, nullptr); }},
    {"accept4", [] { accept4(listener, nullptr, nullptr, 0); }},
    {"poll", [] { poll(&polled, 1, -1); }},
    {"ppoll", [] { ppoll(&polled, 1, nullptr, nullptr); }},
    {"select", [] { select(0, nullptr, nullptr, nullptr, nullptr); }},
    {"pselect", [] { pselect(0, nullptr, nullptr, nullptr, nullptr, nullptr); }},
    {"epoll_wait",
     [] {
       epoll_event e;
       epoll_wait(epoll, &e, 1, -1);
     }},
    {"epoll_pwait",
     [] {
       epoll_event e;
       epoll_pwait(epoll, &e, 1, -1, nullptr);
     }},
    {"nanosleep", [] { nanosleep(&far, nullptr); }},
    {"clock_nanosleep", [] { clock_nanosleep(CLOCK_MONOTONIC, 0, &far, nullptr); }},
    {"sleep", [] { sleep(100); }},
    {"usleep", [] { usleep(99999999); }},
    {"pause", [] { pause(); }},
    {"sigsuspend", [] { sigsuspend(&none); }},
    {"sigwait",
     [] {
       int s;
       sigwait(&usr2, &s);
     }},
    {"sigwaitinfo", [] { sigwaitinfo(&usr2, nullptr); }},
    {"sigtimedwait", [] { sigtimedwait(&usr2, nullptr, &far); }},
    {"sem_wait", [] { sem_wait(&semaphore); }},
    {"sem_timedwait",
     [] {
       timespec t;
       clock_gettime(CLOCK_REALTIME, &t);
       t.tv_sec += 100;
       sem_timedwait(&semaphore, &t);
     }},
    {"sem_clockwait",
     [] {
       timespec t;
       clock_gettime(CLOCK_MONOTONIC, &t);
       t.tv_sec += 100;
       sem_clockwait(&semaphore, CLOCK_MONOTONIC, &t);
     }},
    {"pthread_cond_wait", [] { pthread_cond_wait(&condition, &mutex); }},
    {"pthread_cond_timedwait",
     [] {
       timespec t;
       clock_gettime(CLOCK_REALTIME, &t);
       t.tv_sec += 100;
       pthread_cond_timedwait(&condition, &mutex, &t);
     }},
    {"pthread_cond_clockwait",
     [] {
       timespec t;
       clock_gettime(CLOCK_MONOTONIC, &t);
       t.tv_sec += 100;
       pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &t);
     }},
    {"pthread_join", [] { pthread_join(sleeper, nullptr); }},
    {"pthread_timedjoin_np",
     [] {
       timespec t;
       clock_gettime(CLOCK_REALTIME, &t);
       t.tv_sec += 100;
       pthread_timedjoin_np(sleeper, nullptr, &t);
     }},
    {"msgrcv", [] { (void)!msgrcv(queue, &letter, sizeof letter.text, 0, 0); }},
    {"wait", [] { wait(nullptr); }},
    {"waitpid", [] { waitpid(-1, nullptr, 0); }},
    {"waitid", [] { waitid(P_ALL, 0, nullptr, WEXITED); }},
    // No cancellation points: these end, and the thread is cancelled after them.
    {"mutex (none)",
     [] {
       pthread_mutex_unlock(&mutex);
       pthread_mutex_lock(&mutex);
     }},
    {"trywait (none)", [] { sem_trywait(&semaphore); }},
};

static void* run(void* argument) {
  auto* wait = static_cast<const Wait*>(argument);
  bool reached = false;
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push([](void*) { printf("  cleanup %d\n", pthread_mutex_unlock(&mutex)); },
                       nullptr);
  if (pending) pthread_cancel(pthread_self());
  tid = gettid();
  wait->call();
  reached = true;
  printf("  came back\n");
  while (!pending) pthread_testcancel(), sched_yield();
  pthread_testcancel();
  pthread_cleanup_pop(1);
  return reached ? argument : nullptr;
}

// Sleeping in the kernel, as far as one can see from outside.
static void until_it_sleeps() {
  char path[64], text[512];
  while (tid == 0) sched_yield();
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid.load());
  for (int i = 0; i < 20000; ++i) {
    FILE* file = fopen(path, "r");
    if (file == nullptr) return;
    const size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = 0;
    const char* state = strrchr(text, ')');
    if (state != nullptr && state[2] == 'S') return;
    sched_yield();
  }
}

int main() {
  sigemptyset(&none);
  sigemptyset(&usr2);
  sigaddset(&usr2, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &usr2, nullptr);
  sem_init(&semaphore, 0, 0);
  CHECK(pipe(pipes) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  polled = {pipes[0], POLLIN, 0};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  epoll = epoll_create1(0);
  listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sa_family_t family = AF_UNIX;
  CHECK(bind(listener, reinterpret_cast<sockaddr*>(&family), sizeof family) == 0);
  CHECK(listen(listener, 1) == 0);
  queue = msgget(IPC_PRIVATE, 0600);
  pthread_create(
      &sleeper, nullptr,
      [](void*) -> void* {
        for (;;) pause();
      },
      nullptr);
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  for (const Wait& wait : waits) {
    const bool none_here = strstr(wait.name, "(none)") != nullptr;
    for (int when = 0; when < 2; ++when) {
      pending = when == 0;
      if (none_here && !pending) continue;
      tid = 0;
      printf("%s %s\n", wait.name, pending ? "pending" : "blocked");
      fflush(stdout);
      pthread_t thread;
      pthread_create(&thread, nullptr, run, const_cast<Wait*>(&wait));
      if (!pending) {
        until_it_sleeps();
        pthread_cancel(thread);
      }
      void* result = nullptr;
      SHOW(pthread_join(thread, &result));
      SHOW(result == PTHREAD_CANCELED);
      SHOW(pthread_mutex_trylock(&mutex));
      pthread_mutex_unlock(&mutex);
    }
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  msgctl(queue, IPC_RMID, nullptr);
  pthread_cancel(sleeper);
  SHOW(pthread_join(sleeper, nullptr));
}
