// what: A list of the ready gave all coroutines out, and one then waits for what nobody sets.
// expect: orphaned-coroutine proved|likely count=1 created_by=start_uploads
// exit: 23
#include <coroutine>
#include <vector>

#include "samples/support/task.h"

static std::vector<std::coroutine_handle<>> ready;
static int uploads = 0;

struct Turn {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) const { ready.push_back(waiting); }
  void await_resume() const noexcept {}
};

struct WriteDone {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) const noexcept {
    asm volatile("" : : "r"(waiting.address()) : "memory");  // else g++ removes the whole frame
  }
  void await_resume() const noexcept {}
};

co::detached upload(int number) {
  co_await Turn{};
  if (number == 1) co_await WriteDone{};
  ++uploads;
}

[[gnu::noinline]] void start_uploads() {
  for (int number = 0; number < 3; ++number) upload(number);
}

[[gnu::noinline]] void run_all() {
  while (!ready.empty()) {
    const std::coroutine_handle<> next = ready.back();
    ready.pop_back();
    next.resume();
  }
}

int main() {
  start_uploads();
  run_all();
  return uploads == 2 ? 0 : 1;
}
