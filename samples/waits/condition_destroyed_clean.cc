// what: The waiter of a static condition variable is stopped and joined before the exit.
// expect: clean
#include <condition_variable>
#include <mutex>
#include <thread>

static std::mutex mutex;
static std::condition_variable changed;
static bool stopped = false;

void monitor() {
  std::unique_lock lock(mutex);
  changed.wait(lock, [] { return stopped; });
}

int main() {
  std::jthread monitoring(monitor);
  {
    std::lock_guard lock(mutex);
    stopped = true;
  }
  changed.notify_all();
}
