// what: A one-waiter signal is awaited twice: the second waiter overwrites the first one (S24).
// expect: orphaned-coroutine proved count=1 created_by=start_first_reader
#include <coroutine>

#include "samples/support/task.h"

struct Signal {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept { waiter = awaiting; }
  void await_resume() const noexcept {}
  std::coroutine_handle<> waiter;
};

static Signal data;
static int reads = 0;

co::detached read_data(int amount) {
  co_await data;
  reads += amount;
}

void start_first_reader() {
  read_data(1);
}
void start_second_reader() {
  read_data(2);
}

int main() {
  start_first_reader();
  start_second_reader();
  data.waiter.resume();
  return reads == 2 ? 0 : 1;
}
