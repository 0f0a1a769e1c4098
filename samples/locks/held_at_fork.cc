// what: The process forks while another thread holds a lock that the child wants (S27).
// expect: stuck-task proved count=1 blocked_in=child_work
// options: --timeout 1s
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

static std::mutex settings;
static std::atomic<bool> held = false, done = false;

void hold() {
  std::lock_guard lock(settings);
  held = true;
  while (!done) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void child_work() {
  std::lock_guard lock(settings);
}

int main() {
  std::jthread holder(hold);
  while (!held) std::this_thread::yield();
  if (const pid_t child = fork(); child != 0) {
    waitpid(child, nullptr, 0);
    done = true;
    return 0;
  }
  child_work();
  _exit(0);
}
