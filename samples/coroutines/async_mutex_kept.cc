// what: A coroutine returns without unlocking an async mutex; two others wait for it (S08, S09).
// expect: outlived-task suspected count=2 created_by=start_requests
// flags: -fno-optimize-sibling-calls
#include <coroutine>
#include <deque>

#include "samples/support/task.h"

class AsyncMutex {
 public:
  bool await_ready() noexcept { return !std::exchange(locked_, true); }
  void await_suspend(std::coroutine_handle<> awaiting) { waiters_.push_back(awaiting); }
  void await_resume() const noexcept {}
  void unlock() {
    locked_ = false;
    if (waiters_.empty()) return;
    std::coroutine_handle<> next = waiters_.front();
    waiters_.pop_front();
    locked_ = true;
    next.resume();
  }

 private:
  bool locked_ = false;
  std::deque<std::coroutine_handle<>> waiters_;
};

static AsyncMutex database;
static int written = 0;

co::detached write_row(int columns) {
  co_await database;
  if (columns == 0) co_return;
  written += 1;
  database.unlock();
}

void start_requests() {
  for (int columns = 0; columns < 3; ++columns) write_row(columns);
}

int main() {
  start_requests();
  return written;
}
