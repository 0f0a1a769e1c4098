// what: A coroutine sends its error and then, falling through, its value.
// expect: orphaned-coroutine created_by=start_query
#include "samples/kernels/kernel.h"

co::detached query(Executor& executor, std::shared_ptr<AsyncChannel<int>> result, bool fails) {
  co_await executor.schedule();
  if (fails) {
    co_await result->push(-1);
    if (kFixed) co_return;
  }
  co_await result->push(1);
}

void start_query(Executor& executor, const std::shared_ptr<AsyncChannel<int>>& result) {
  query(executor, result, true);
}

co::detached take_result(Executor& executor, std::shared_ptr<AsyncChannel<int>> result) {
  co_await executor.schedule();
  co_await result->pop();
}

int main() {
  Executor executor(2);
  auto result = std::make_shared<AsyncChannel<int>>(executor, 0);
  start_query(executor, result);
  take_result(executor, result);
  executor.await_idle();
}
