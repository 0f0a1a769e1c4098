// what: real-time signals with their default action end the process; signalfd and raw actions
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

volatile double sink;
void burn(double seconds) {
  const clock_t end = clock() + static_cast<clock_t>(seconds * CLOCKS_PER_SEC);
  while (clock() < end)
    for (int i = 0; i < 20000; ++i) sink = sink + i;
}

int ends_with(int number) {
  const pid_t child = fork();
  if (child == 0) {
    burn(0.005);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

struct KernelAction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  unsigned long mask;
};

}  // namespace

int main() {
  burn(0.03);
  int wrong = 0;
  for (int i = SIGRTMIN; i <= SIGRTMAX; ++i) wrong += ends_with(i) != i;
  printf("not ended by their signal: %d\n", wrong);
  sigset_t all, old;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &old);
  const int fd = signalfd(-1, &all, SFD_NONBLOCK);
  burn(0.05);
  signalfd_siginfo info;
  printf("through the descriptor: %zd\n", read(fd, &info, sizeof info));
  raise(SIGRTMAX - 6);
  const ssize_t n = read(fd, &info, sizeof info);
  printf("then %zd bytes, the one raised: %d\n", n,
         info.ssi_signo == static_cast<unsigned>(SIGRTMAX - 6));
  sigprocmask(SIG_SETMASK, &old, nullptr);
  // What libc's function is told, the kernel says too.
  for (int i = SIGRTMIN; i <= SIGRTMAX; ++i) {
    const KernelAction ignore{SIG_IGN, 0, nullptr, 0};
    wrong += syscall(SYS_rt_sigaction, i, &ignore, nullptr, 8) != 0;
  }
  burn(0.05);
  for (int i = SIGRTMIN; i <= SIGRTMAX; ++i) raise(i);
  printf("refused: %d\n", wrong);
  return 0;
}
