// what: A job on the only worker sync_wait()s a task that needs that worker (S20).
// expect: stuck-task suspected count=1 created_by=make_pool blocked_in=export_report
// expect: outlived-task suspected count=1 created_by=export_report
#include <latch>

#include "samples/support/task.h"
#include "samples/support/thread_pool.h"

static std::latch exporting(1);

ThreadPool& make_pool() {
  return *new ThreadPool(1);
}

co::task<int> render(ThreadPool& pool) {
  exporting.count_down();
  co_await pool.schedule();
  co_return 42;
}

int export_report(ThreadPool& pool) {
  return co::sync_wait(render(pool)) + 1;
}

int main() {
  ThreadPool& pool = make_pool();
  pool.post([&pool] { export_report(pool); });
  exporting.wait();
}
