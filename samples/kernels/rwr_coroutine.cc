// what: A coroutine holds a read permit and wants another one; the writer took the rest.
// expect: orphaned-coroutine created_by=start_reader
// expect: orphaned-coroutine created_by=start_writer
#include "samples/kernels/kernel.h"

struct Lease {
  explicit Lease(Executor& executor)
      : permits(executor, 2), reading(executor, 1), writing(executor, 1) {}
  AsyncSemaphore permits;  // a writer takes both, one after the other
  AsyncLatch reading, writing;
};

co::detached read_lease(Executor& executor, std::shared_ptr<Lease> lease) {
  co_await executor.schedule();
  co_await lease->permits.acquire();
  lease->reading.count_down();
  co_await lease->writing.wait();
  if (!kFixed) co_await lease->permits.acquire();
  if (!kFixed) lease->permits.release();
  lease->permits.release();
}

co::detached write_lease(Executor& executor, std::shared_ptr<Lease> lease) {
  co_await executor.schedule();
  co_await lease->reading.wait();
  co_await lease->permits.acquire();
  lease->writing.count_down();
  co_await lease->permits.acquire();
  lease->permits.release();
  lease->permits.release();
}

void start_reader(Executor& executor, const std::shared_ptr<Lease>& lease) {
  read_lease(executor, lease);
}

void start_writer(Executor& executor, const std::shared_ptr<Lease>& lease) {
  write_lease(executor, lease);
}

int main() {
  Executor executor(2);
  auto lease = std::make_shared<Lease>(executor);
  start_reader(executor, lease);
  start_writer(executor, lease);
  executor.await_idle();
}
