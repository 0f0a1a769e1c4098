// what: A lock_guard ends before the co_await.
// expect: clean
#include <latch>
#include <mutex>

#include "samples/support/task.h"
#include "samples/support/thread_pool.h"

static std::mutex cart;
static int items = 0;
static std::latch added(2);

co::detached add_item(ThreadPool& pool) {
  co_await pool.schedule();
  {
    std::lock_guard lock(cart);
    items += 1;
  }
  co_await pool.schedule();
  added.count_down();
}

void start_requests(ThreadPool& pool) {
  for (int i = 0; i < 2; ++i) add_item(pool);
}

int main() {
  ThreadPool pool(1);
  start_requests(pool);
  added.wait();
  return items == 2 ? 0 : 1;
}
