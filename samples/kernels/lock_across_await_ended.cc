// what: A coroutine keeps its lock over co_await on a thread that ends; the next one waits for it.
// expect: lock-across-await|lock-held-at-exit|stuck-task created_by=first_request
// expect: stuck-task|lock-across-await created_by=start_second
#include "samples/kernels/kernel.h"

struct Row {
  std::mutex mutex;
  std::coroutine_handle<> waiting;
};

struct Loaded {
  Row& row;
  bool await_ready() const noexcept { return kFixed; }
  void await_suspend(std::coroutine_handle<> handle) noexcept { row.waiting = handle; }
  void await_resume() const noexcept {}
};

static std::latch second(1);

co::detached update(std::shared_ptr<Row> row) {
  std::lock_guard lock(row->mutex);
  co_await Loaded{*row};
}

[[gnu::noinline]] void first_request(const std::shared_ptr<Row>& row) {
  std::thread([row] { update(row); }).join();
}

[[gnu::noinline]] void start_second(Threads& threads, const std::shared_ptr<Row>& row) {
  threads.start([row] {
    second.count_down();
    std::lock_guard lock(row->mutex);
  });
}

int main() {
  Threads threads;
  auto row = std::make_shared<Row>();
  first_request(row);
  start_second(threads, row);
  second.wait();
}
