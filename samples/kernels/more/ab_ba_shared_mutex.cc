// what: A reader of the index wants the journal; the journal's writer wants the index.
// expect: deadlock created_by=start_reader
// expect: deadlock created_by=start_writer
#include "samples/kernels/kernel.h"

struct Store {
  std::shared_mutex index;
  std::mutex journal;
  std::latch both{2};
  void meet() { kFixed ? both.count_down() : both.arrive_and_wait(); }
};

[[gnu::noinline]] void start_reader(Threads& threads, std::shared_ptr<Store> store) {
  threads.start([store] {
    std::shared_lock reading(store->index);
    store->meet();
    if (kFixed) reading.unlock();
    std::lock_guard lock(store->journal);
  });
}

[[gnu::noinline]] void start_writer(Threads& threads, std::shared_ptr<Store> store) {
  threads.start([store] {
    std::lock_guard lock(store->journal);
    store->meet();
    std::lock_guard writing(store->index);
  });
}

int main() {
  auto store = std::make_shared<Store>();
  Threads threads;
  start_reader(threads, store);
  start_writer(threads, store);
  store->both.wait();
}
