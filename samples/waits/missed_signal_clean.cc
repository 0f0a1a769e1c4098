// what: The waiter looks at the flag under the lock before and after every wait.
// expect: clean
#include <condition_variable>
#include <mutex>
#include <thread>

static std::condition_variable ready;
static std::mutex mutex;
static bool is_ready = false;

void consume() {
  std::unique_lock lock(mutex);
  ready.wait(lock, [] { return is_ready; });
}

int main() {
  std::jthread consumer(consume);
  {
    std::lock_guard lock(mutex);
    is_ready = true;
  }
  ready.notify_one();
}
