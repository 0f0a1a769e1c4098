// what: a program that uses every signal itself: handlers, masks, sigwait, signalfd, slow calls
// Under CPU sampling (cpu=HZ) none of it may notice the tracker's own signal.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>

namespace {

std::atomic<int> received[65];
void on_signal(int number) {
  ++received[number];
}
void on_signal_info(int number, siginfo_t*, void*) {
  ++received[number];
}

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}
volatile double sink;
void burn(double seconds) {
  const double end = cpu_seconds() + seconds;
  while (cpu_seconds() < end)
    for (int i = 0; i < 20000; ++i) sink = sink + i;
}

bool is_default(int number) {
  struct sigaction now;
  memset(&now, 0xff, sizeof now);
  if (sigaction(number, nullptr, &now) != 0) return false;
  return now.sa_handler == SIG_DFL && now.sa_flags == 0 && sigisemptyset(&now.sa_mask);
}

void actions_look_unused() {
  int others = 0;
  for (int i = SIGRTMIN; i <= SIGRTMAX; ++i) others += !is_default(i);
  printf("real-time signals that look used: %d\n", others);
}

// Slow calls that a handled signal would cut short, each after some work of its own.
void* slow_calls(void*) {
  int interrupted = 0, pipes[2];
  if (pipe(pipes) != 0) return nullptr;
  const int epoll = epoll_create1(0);
  for (int i = 0; i < 15; ++i) {
    burn(0.004);
    pollfd fd{pipes[0], POLLIN, 0};
    interrupted += poll(&fd, 1, 1) < 0;
    burn(0.002);
    epoll_event event;
    interrupted += epoll_wait(epoll, &event, 1, 1) < 0;
    const timespec ms{0, 1000000};
    interrupted += nanosleep(&ms, nullptr) != 0;
    sigset_t none;
    sigemptyset(&none);
    interrupted += pselect(0, nullptr, nullptr, nullptr, &ms, &none) != 0;
    interrupted += ppoll(&fd, 1, &ms, &none) != 0;
    interrupted += epoll_pwait(epoll, &event, 1, 1, &none) != 0;
  }
  printf("interrupted: %d\n", interrupted);
  return nullptr;
}

// Everything blocked while it works: then what is pending, and what arrives, is only its own.
void* blocked(void*) {
  sigset_t all, before, now;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  burn(0.1);
  sigpending(&now);
  int pending = 0;
  for (int i = 1; i <= 64; ++i) pending += sigismember(&now, i) == 1;
  const timespec ms{0, 1000000};
  siginfo_t info;
  const int got = sigtimedwait(&all, &info, &ms);
  printf("pending %d, got %d %s\n", pending, got, got < 0 ? strerror(errno) : "");
  // A mask that lets everything in for the length of a wait.
  burn(0.05);
  int interrupted = 0;
  for (int i = 0; i < 5; ++i) {
    burn(0.03);
    sigset_t none;
    sigemptyset(&none);
    interrupted += ppoll(nullptr, 0, &ms, &none) != 0;
  }
  burn(0.02);
  raise(SIGUSR1);
  int number = 0;
  sigwait(&all, &number);
  pthread_sigmask(SIG_SETMASK, nullptr, &now);
  printf("ended early %d, waited for %s, mask %s\n", interrupted,
         number == SIGUSR1 ? "USR1" : "another", memcmp(&now, &all, 8) == 0 ? "kept" : "changed");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return nullptr;
}

void* with_handlers(void*) {
  burn(0.05);
  return nullptr;
}

void run(void* (*work)(void*)) {
  pthread_t thread;
  pthread_create(&thread, nullptr, work, nullptr);
  pthread_join(thread, nullptr);
}

}  // namespace

int main() {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  int masked = 0;
  for (int i = 1; i <= 64; ++i) masked += sigismember(&mask, i) == 1;
  printf("masked: %d\n", masked);
  actions_look_unused();
  run(slow_calls);
  run(blocked);
  burn(0.05);
  actions_look_unused();

  // A thread that goes on while each signal in turn gets a handler.
  pthread_t beside;
  pthread_create(&beside, nullptr, with_handlers, nullptr);
  int set = 0, foreign = 0;
  for (int i = 1; i <= SIGRTMAX; ++i) {
    if (i == SIGKILL || i == SIGSTOP || (i > 31 && i < SIGRTMIN)) continue;
    struct sigaction action {
    }, old{};
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = on_signal_info;
    if (i % 3 == 0) {
      foreign += signal(i, on_signal) != SIG_DFL;
    } else {
      sigaction(i, &action, &old);
      foreign += old.sa_handler != SIG_DFL || old.sa_flags != 0;
    }
    ++set;
    if (i % 5 == 0) burn(0.005);
  }
  burn(0.05);
  pthread_join(beside, nullptr);
  int arrived = 0;
  for (const auto& count : received) arrived += count;
  printf("%d handlers, %d were set before, %d signals arrived\n", set, foreign, arrived);
  for (int i = SIGRTMIN; i <= SIGRTMAX; ++i) raise(i);
  raise(SIGPROF);
  int missed = 0;
  for (int i = SIGRTMIN; i <= SIGRTMAX; ++i) missed += received[i] != 1;
  printf("missed %d, PROF %d\n", missed, received[SIGPROF].load());
  return 0;
}
