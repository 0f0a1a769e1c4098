// what: A static condition variable is destroyed under its waiter; the exit hangs (S26).
// expect: stuck-task proved count=1 created_by=start_monitor blocked_in=monitor
// expect: stuck-task proved count=1 blocked_in=pthread_cond_destroy
// options: --timeout 3
// exit: 23
#include <condition_variable>
#include <latch>
#include <mutex>
#include <thread>

static std::mutex mutex;
static std::condition_variable changed;
static std::latch monitoring(1);

void monitor() {
  std::unique_lock lock(mutex);
  monitoring.count_down();
  for (;;) changed.wait(lock);
}

void start_monitor() {
  std::thread(monitor).detach();
}

int main() {
  start_monitor();
  monitoring.wait();
  std::lock_guard monitor_waits(mutex);
}
