// what: Whoever would resume the coroutine is gone, and with it the lock that its frame holds.
// expect: lock-across-await created_by=start_refresh
// expect: stuck-task|lock-across-await|outlived-task created_by=start_reader
#include "samples/kernels/kernel.h"

static std::mutex cache;
static std::latch reading(1);

struct Reply {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> refresh) noexcept {
    if (kFixed) waiting = refresh;
  }
  void await_resume() const noexcept {}
  std::coroutine_handle<>& waiting;
};

co::detached refresh(std::coroutine_handle<>& waiting) {
  std::lock_guard lock(cache);
  co_await Reply{waiting};
}

void start_refresh(std::coroutine_handle<>& waiting) {
  refresh(waiting);
}

void start_reader(Threads& threads) {
  threads.start([] {
    reading.count_down();
    std::lock_guard lock(cache);
  });
}

int main() {
  std::coroutine_handle<> waiting;
  Threads threads;
  start_refresh(waiting);
  start_reader(threads);
  reading.wait();
  if (kFixed) waiting.resume();
}
