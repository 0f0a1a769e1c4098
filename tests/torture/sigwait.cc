// what: signals reach the thread in sigwait; handlers and masks are the program's own
#include <signal.h>
#include <sys/syscall.h>

#include <thread>

#include "tests/torture/check.h"

static unsigned long long raw_mask() {
  unsigned long long mask = 0;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &mask, 8);
  return mask;
}

int main() {
  SHOW(raw_mask());
  int handlers = 0;
  for (int number = 1; number < 65; ++number) {
    if (number == 32 || number == 33) continue;  // libc's own, from the first thread on
    struct {
      void* handler;
      unsigned long flags;
      void* restorer;
      unsigned long long mask;
    } action{};
    if (syscall(SYS_rt_sigaction, number, nullptr, &action, 8) == 0)
      handlers += action.handler != nullptr;
  }
  CHECK(handlers <= 3);  // libc's own and what the parent ignores
  SHOW(handlers);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  SHOW(raw_mask());
  int received = 0;
  std::thread waiter([&] {
    for (int i = 0; i < 20; ++i) {
      int number = 0;
      sigwait(&set, &number);
      received += number == SIGTERM;
      kill(getpid(), SIGUSR1);
      const siginfo_t* unused = nullptr;
      (void)unused;
      siginfo_t info;
      sigwaitinfo(&set, &info);
      received += info.si_signo == SIGUSR1;
      if (i < 19) kill(getpid(), SIGTERM);
    }
  });
  kill(getpid(), SIGTERM);
  waiter.join();
  SHOW(received);
  sigaltstack(nullptr, nullptr);
  SHOW(raw_mask());
}
