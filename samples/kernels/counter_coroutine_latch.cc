// what: A coroutine throws before it counts down, and its exception is swallowed.
// expect: orphaned-coroutine created_by=start_collector
#include "samples/kernels/kernel.h"

co::task<> run_job(std::shared_ptr<AsyncLatch> done, int number) {
  if (kFixed) done->count_down();
  if (number == 1) throw std::runtime_error("job failed");
  if (!kFixed) done->count_down();
  co_return;
}

co::detached run_jobs(Executor& executor, std::shared_ptr<AsyncLatch> done) {
  co_await executor.schedule();
  for (int i = 0; i < 2; ++i) {
    try {
      co_await run_job(done, i);
    } catch (const std::exception&) {
    }
  }
}

co::detached collect(Executor& executor, std::shared_ptr<AsyncLatch> done) {
  co_await executor.schedule();
  co_await done->wait();
}

void start_collector(Executor& executor, const std::shared_ptr<AsyncLatch>& done) {
  collect(executor, done);
}

int main() {
  Executor executor(2);
  auto done = std::make_shared<AsyncLatch>(executor, 2);
  start_collector(executor, done);
  run_jobs(executor, done);
  executor.await_idle();
}
