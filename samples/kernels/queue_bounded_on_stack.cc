// what: A test returns on its first failed check; its queue's producer blocks in a detached thread.
// expect: stuck-task created_by=run_test
#include "samples/kernels/kernel.h"

struct Ring {
  std::mutex mutex;
  std::condition_variable room;
  std::vector<int> items;
  bool closed = false;
  bool push(int value) {
    std::unique_lock lock(mutex);
    room.wait(lock, [&] { return closed || items.size() < 2; });
    items.push_back(value);
    return !closed;
  }
};

static std::latch full(2);

[[gnu::noinline]] bool run_test() {
  auto ring = std::make_shared<Ring>();
  std::thread producer([ring] {
    for (int i = 0; ring->push(i); ++i) full.count_down(full.try_wait() ? 0 : 1);
  });
  full.wait();
  if (kFixed) {
    std::lock_guard lock(ring->mutex);
    ring->closed = true;
    ring->room.notify_all();
  }
  kFixed ? producer.join() : producer.detach();
  return false;
}

int main() {
  return run_test() ? 1 : 0;
}
