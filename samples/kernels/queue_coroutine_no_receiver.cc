// what: Coroutines send into a channel whose receiver has left.
// expect: orphaned-coroutine created_by=start_senders
#include "samples/kernels/kernel.h"

co::detached send_one(Executor& executor, std::shared_ptr<AsyncChannel<int>> found, int value) {
  co_await executor.schedule();
  co_await found->push(value);
}

void start_senders(Executor& executor, const std::shared_ptr<AsyncChannel<int>>& found) {
  for (int i = 0; i < 3; ++i) send_one(executor, found, i);
}

co::detached receive_one(Executor& executor, std::shared_ptr<AsyncChannel<int>> found) {
  co_await executor.schedule();
  co_await found->pop();
  if (kFixed) found->close();
}

int main() {
  Executor executor(2);
  auto found = std::make_shared<AsyncChannel<int>>(executor, 0);
  start_senders(executor, found);
  receive_one(executor, found);
  executor.await_idle();
}
