// what: 5 kHz of signals on an alternate stack whose handler writes; threads allocate and wait
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

static std::atomic<int> signals{0};
static int null_descriptor;

static void handler(int) {
  const int saved = errno;
  if (write(null_descriptor, "x", 1) == 1) ++signals;
  errno = saved;
}

[[gnu::noinline]] static int work(int depth) {
  auto block = std::make_unique<int>(1);
  const timespec moment{0, 1000};
  if (depth % 7 == 0) nanosleep(&moment, nullptr);
  return depth == 0 ? *block : work(depth - 1) + *block;
}

int main() {
  null_descriptor = open("/dev/null", O_WRONLY);
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      std::vector<char> memory(65536);
      stack_t stack{};
      stack.ss_sp = memory.data();
      stack.ss_size = memory.size();
      sigaltstack(&stack, nullptr);
      bool all = true;
      for (int n = 0; n < 150 || signals < 500; ++n) all &= work(20) == 21;
      good += all;
      stack.ss_flags = SS_DISABLE;
      sigaltstack(&stack, nullptr);
    });
  const itimerval interval{{0, 200}, {0, 200}};
  setitimer(ITIMER_REAL, &interval, nullptr);
  for (auto& thread : threads) thread.join();
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
  SHOW(good.load());
}
