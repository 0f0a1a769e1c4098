// what: The parent coroutine is cancelled and ends; its child waits for the parent's data.
// expect: orphaned-coroutine created_by=start_child
#include "samples/kernels/kernel.h"

co::detached child(Executor& executor, std::shared_ptr<AsyncChannel<int>> data) {
  co_await executor.schedule();
  for (bool more = true; more;) {
    const std::optional<int> value = co_await data->pop();
    more = value.has_value();
  }
}

void start_child(Executor& executor, const std::shared_ptr<AsyncChannel<int>>& data) {
  child(executor, data);
}

co::detached parent(Executor& executor, std::stop_token stop) {
  co_await executor.schedule();
  auto data = std::make_shared<AsyncChannel<int>>(executor, 1);
  start_child(executor, data);
  for (int i = 0; i < 9; ++i) {
    if (stop.stop_requested()) break;
    co_await data->push(i);
  }
  if (kFixed) data->close();
}

int main() {
  Executor executor(2);
  std::stop_source stop;
  stop.request_stop();
  parent(executor, stop.get_token());
  executor.await_idle();
}
