// what: Main sync_wait()s a task that runs on the pool's only worker.
// expect: clean
#include "samples/support/task.h"
#include "samples/support/thread_pool.h"

co::task<int> render(ThreadPool& pool) {
  co_await pool.schedule();
  co_return 42;
}

int main() {
  ThreadPool pool(1);
  return co::sync_wait(render(pool)) == 42 ? 0 : 1;
}
