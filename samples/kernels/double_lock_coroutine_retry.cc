// what: A coroutine's retry does not give the async lock back first.
// expect: orphaned-coroutine created_by=start_sync
#include "samples/kernels/kernel.h"

struct Follower {
  explicit Follower(Executor& executor) : mutex(executor) {}
  AsyncMutex mutex;
  int applied = 0;
};

co::detached sync(Executor& executor, std::shared_ptr<Follower> follower) {
  co_await executor.schedule();
  for (int attempt = 0; attempt < 2; ++attempt) {
    co_await follower->mutex.acquire();
    if (attempt == 0) {
      if (kFixed) follower->mutex.release();
      continue;
    }
    ++follower->applied;
    follower->mutex.release();
  }
}

void start_sync(Executor& executor, const std::shared_ptr<Follower>& follower) {
  sync(executor, follower);
}

int main() {
  Executor executor(2);
  auto follower = std::make_shared<Follower>(executor);
  start_sync(executor, follower);
  executor.await_idle();
}
