// what: A signal that keeps a list of its waiters resumes both of them.
// expect: clean
#include <coroutine>
#include <utility>
#include <vector>

#include "samples/support/task.h"

struct Signal {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept { waiters.push_back(awaiting); }
  void await_resume() const noexcept {}
  void notify() {
    for (auto waiter : std::exchange(waiters, {})) waiter.resume();
  }
  std::vector<std::coroutine_handle<>> waiters;
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
  data.notify();
  return reads == 3 ? 0 : 1;
}
