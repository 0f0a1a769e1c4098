// what: A permit is lost on the error path, and the channel's reader waits for one.
// expect: orphaned-coroutine created_by=start_reader
// expect: orphaned-coroutine created_by=start_writer
#include "samples/kernels/kernel.h"

struct Gate {
  explicit Gate(Executor& executor) : permits(executor, 1), rows(executor, 0) {}
  AsyncSemaphore permits;
  AsyncChannel<int> rows;
};

co::task<bool> open(std::shared_ptr<Gate> gate, bool allowed) {
  co_await gate->permits.acquire();
  if (!allowed && !kFixed) co_return false;
  gate->permits.release();
  co_return allowed;
}

co::detached read_rows(Executor& executor, std::shared_ptr<Gate> gate) {
  co_await executor.schedule();
  co_await open(gate, false);
  co_await gate->permits.acquire();
  co_await gate->rows.pop();
  gate->permits.release();
}

co::detached write_rows(Executor& executor, std::shared_ptr<Gate> gate) {
  co_await executor.schedule();
  co_await gate->rows.push(1);
}

void start_reader(Executor& executor, const std::shared_ptr<Gate>& gate) {
  read_rows(executor, gate);
}

void start_writer(Executor& executor, const std::shared_ptr<Gate>& gate) {
  write_rows(executor, gate);
}

int main() {
  Executor executor(2);
  auto gate = std::make_shared<Gate>(executor);
  start_reader(executor, gate);
  start_writer(executor, gate);
  executor.await_idle();
}
