// Burns CPU time in known proportions on several threads, waits in between, and starts short
// threads all along. Arguments: how long the threads burn, in milliseconds of their own CPU time;
// and, if a forked child is to burn it instead, another one.
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

namespace {

volatile double sink;
std::mutex turn;

double cpu_ms() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

[[gnu::noinline]] void work(int n) {
  double x = sink;
  for (int i = 0; i < n; ++i) x += i * 0.5;
  sink = x;
}

}  // namespace

// Three times as much as the other one. Named, and called in a way that leaves frames.
extern "C" [[gnu::noinline]] void burn_three_parts() {
  for (int i = 0; i < 3; ++i) work(20000);
  asm volatile("");
}
extern "C" [[gnu::noinline]] void burn_one_part() {
  work(20000);
  asm volatile("");
}

int main(int count, char** arguments) {
  const double wanted = count > 1 ? std::atof(arguments[1]) : 300;
  if (count > 2) {  // a child process that does nothing but work
    const pid_t child = fork();
    if (child == 0) {
      for (const double end = cpu_ms() + wanted; cpu_ms() < end;) burn_one_part();
      _exit(0);
    }
    waitpid(child, nullptr, 0);
    return 0;
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([wanted] {
      const double end = cpu_ms() + wanted;
      while (cpu_ms() < end) {
        burn_three_parts();
        burn_one_part();
      }
    });
  for (int i = 0; i < 8; ++i) {
    turn.lock();
    std::thread waiter([] { const std::lock_guard lock(turn); });
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    turn.unlock();
    waiter.join();
  }
  for (std::thread& thread : threads) thread.join();
  std::puts("done");
  return 0;
}
