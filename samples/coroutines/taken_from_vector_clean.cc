// what: A list gives coroutines out; one is in it again, another one's event is set later.
// expect: clean
#include <coroutine>
#include <vector>

#include "samples/support/task.h"

static std::vector<std::coroutine_handle<>> ready;
static co::event written;
static int uploads = 0;

struct Turn {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) const { ready.push_back(waiting); }
  void await_resume() const noexcept {}
};

co::detached upload(int number) {
  co_await Turn{};
  if (number == 1) co_await written;
  if (number == 2) co_await Turn{};
  ++uploads;
}

[[gnu::noinline]] void start_uploads() {
  for (int number = 0; number < 3; ++number) upload(number);
}

[[gnu::noinline]] void run(int turns) {
  for (int turn = 0; turn < turns; ++turn) {
    const std::coroutine_handle<> next = ready.back();
    ready.pop_back();
    next.resume();
  }
}

int main() {
  start_uploads();
  run(3);
  written.set();
  run(1);
  return uploads == 3 ? 0 : 1;
}
