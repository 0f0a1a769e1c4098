// what: A coroutine awaits its reply under an async mutex; the replier locks before it replies.
// expect: orphaned-coroutine created_by=start_call
// expect: orphaned-coroutine created_by=start_replier
#include "samples/kernels/kernel.h"

struct Link {
  explicit Link(Executor& executor) : mutex(executor), replies(executor, 1), sent(executor, 1) {}
  AsyncMutex mutex;
  AsyncChannel<int> replies;
  AsyncLatch sent;
};

co::detached call(Executor& executor, std::shared_ptr<Link> link) {
  co_await executor.schedule();
  co_await link->mutex.acquire();
  link->sent.count_down();
  if (kFixed) link->mutex.release();
  co_await link->replies.pop();
  if (!kFixed) link->mutex.release();
}

co::detached reply(Executor& executor, std::shared_ptr<Link> link) {
  co_await executor.schedule();
  co_await link->sent.wait();
  co_await link->mutex.acquire();
  co_await link->replies.push(1);
  link->mutex.release();
}

void start_call(Executor& executor, const std::shared_ptr<Link>& link) {
  call(executor, link);
}

void start_replier(Executor& executor, const std::shared_ptr<Link>& link) {
  reply(executor, link);
}

int main() {
  Executor executor(2);
  auto link = std::make_shared<Link>(executor);
  start_call(executor, link);
  start_replier(executor, link);
  executor.await_idle();
}
