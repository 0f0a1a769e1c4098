// what: The parent coroutine returns at the first error and leaves its child with its answer.
// expect: orphaned-coroutine created_by=start_child
#include "samples/kernels/kernel.h"

co::detached fetch(Executor& executor, std::shared_ptr<AsyncChannel<int>> page, int number) {
  co_await executor.schedule();
  co_await page->push(number);
}

void start_child(Executor& executor, const std::shared_ptr<AsyncChannel<int>>& page) {
  fetch(executor, page, 7);
}

co::detached serve(Executor& executor, bool allowed) {
  co_await executor.schedule();
  auto page = std::make_shared<AsyncChannel<int>>(executor, kFixed ? 1 : 0);
  start_child(executor, page);
  if (!allowed) co_return;
  co_await page->pop();
}

int main() {
  Executor executor(2);
  serve(executor, false);
  executor.await_idle();
}
