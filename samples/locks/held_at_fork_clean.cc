// what: The lock is taken before the fork and given back on both sides; the child's threads wait
// what: for the one that forked.
// expect: clean
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <thread>

static std::mutex settings;

void work() {
  std::lock_guard lock(settings);
}

int main() {
  std::jthread worker([] {
    for (int i = 0; i < 1000; ++i) work();
  });
  settings.lock();
  const pid_t child = fork();
  if (child != 0) {
    settings.unlock();
    waitpid(child, nullptr, 0);
    return 0;
  }
  std::thread waits(work);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  settings.unlock();
  waits.join();
  exit(0);
}
