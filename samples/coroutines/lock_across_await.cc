// what: A lock_guard lives across co_await; the same worker then runs into that lock (S10).
// expect: deadlock proved count=1 created_by=make_pool blocked_in=add_item
// expect: lock-across-await proved|likely count=1 created_by=start_requests blocked_in=add_item
// expect: outlived-task suspected count=1 created_by=start_requests
// flags: -fno-optimize-sibling-calls
#include <latch>
#include <mutex>

#include "samples/support/task.h"
#include "samples/support/thread_pool.h"

static std::mutex cart;
static co::event price_known;
static int items = 0;
static std::latch second_request(1);

ThreadPool& make_pool() {
  return *new ThreadPool(1);
}

co::detached add_item(ThreadPool& pool, bool second) {
  co_await pool.schedule();
  if (second) second_request.count_down();
  std::lock_guard lock(cart);
  co_await price_known;
  items += 1;
}

void start_requests(ThreadPool& pool) {
  for (bool second : {false, true}) add_item(pool, second);
}

int main() {
  start_requests(make_pool());
  second_request.wait();
  return items;
}
