// what: A worker takes a slot and then the lock, another the lock and then a slot.
// expect: stuck-task created_by=start_slots_first
// expect: stuck-task created_by=start_lock_first
#include "samples/kernels/kernel.h"

struct Pool {
  std::mutex mutex;
  std::counting_semaphore<> slots{1};
  std::latch taken{2};
  void meet() { kFixed ? taken.count_down() : taken.arrive_and_wait(); }
};

void take_slot_first(std::shared_ptr<Pool> pool) {
  pool->slots.acquire();
  pool->meet();
  { std::lock_guard lock(pool->mutex); }
  pool->slots.release();
}

void take_lock_first(std::shared_ptr<Pool> pool) {
  std::unique_lock lock(pool->mutex);
  if (kFixed) lock.unlock();
  pool->meet();
  pool->slots.acquire();
  pool->slots.release();
}

void start_slots_first(Threads& threads, const std::shared_ptr<Pool>& pool) {
  threads.start(take_slot_first, pool);
}

void start_lock_first(Threads& threads, const std::shared_ptr<Pool>& pool) {
  threads.start(take_lock_first, pool);
}

int main() {
  auto pool = std::make_shared<Pool>();
  Threads threads;
  start_slots_first(threads, pool);
  start_lock_first(threads, pool);
  pool->taken.wait();
}
