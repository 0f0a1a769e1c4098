// what: The notify comes before the wait, and the waiter waits without looking at a flag (S12).
// expect: outlived-task suspected count=1 created_by=start_consumer blocked_in=consume
#include <condition_variable>
#include <latch>
#include <mutex>
#include <thread>

static auto& ready = *new std::condition_variable;
static std::mutex mutex;
static std::latch notified(1), waiting(1);

void consume() {
  notified.wait();
  std::unique_lock lock(mutex);
  waiting.count_down();
  ready.wait(lock);
}

void start_consumer() {
  std::thread(consume).detach();
}

int main() {
  start_consumer();
  ready.notify_one();
  notified.count_down();
  waiting.wait();
  std::lock_guard consumer_waits(mutex);
}
