// what: condition_variable_any gives up a recursive mutex once; the caller's caller has it too.
// expect: stuck-task created_by=start_consumer
// expect: stuck-task created_by=start_producer
#include "samples/kernels/kernel.h"

struct Mailbox {
  std::recursive_mutex mutex;
  std::condition_variable_any filled;
  int letters = 0;
  std::latch waiting{1};

  void take() {
    std::unique_lock lock(mutex);
    waiting.count_down();
    filled.wait(lock, [&] { return letters != 0; });
  }
  void take_two() {
    std::unique_lock lock(mutex);
    if (kFixed) lock.unlock();
    take();
  }
};

[[gnu::noinline]] void start_consumer(Threads& threads, std::shared_ptr<Mailbox> box) {
  threads.start([box] { box->take_two(); });
}

[[gnu::noinline]] void start_producer(Threads& threads, std::shared_ptr<Mailbox> box) {
  threads.start([box] {
    box->waiting.wait();
    std::lock_guard lock(box->mutex);
    ++box->letters;
    box->filled.notify_all();
  });
}

int main() {
  Threads threads;
  auto box = std::make_shared<Mailbox>();
  start_consumer(threads, box);
  start_producer(threads, box);
  box->waiting.wait();
}
