// what: The error path returns without unlocking; the same worker's next request blocks.
// expect: deadlock created_by=start_worker
#include "samples/kernels/kernel.h"

struct Store {
  std::mutex mutex;
  std::map<std::string, int> values;
};

static std::latch second(1);

bool put(Store& store, const std::string& key, int value) {
  store.mutex.lock();
  if (key.empty()) {
    if (kFixed) store.mutex.unlock();
    return false;
  }
  store.values[key] = value;
  store.mutex.unlock();
  return true;
}

void serve(std::shared_ptr<Store> store) {
  put(*store, "", 1);
  second.count_down();
  put(*store, "a", 2);
}

void start_worker(Threads& threads) {
  threads.start(serve, std::make_shared<Store>());
}

int main() {
  Threads threads;
  start_worker(threads);
  second.wait();
}
