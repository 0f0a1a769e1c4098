// what: A coroutine dies of an exception that nobody sees; its client waits for the reply (S21).
// expect: orphaned-coroutine proved count=1 created_by=ask
// flags: -fno-optimize-sibling-calls
#include <coroutine>
#include <stdexcept>

#include "samples/support/task.h"

struct background {
  struct promise_type {
    background get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept {}
  };
};

static int replies = 0;

background look_up(int key, co::event& found) {
  if (key < 0) throw std::invalid_argument("key");
  found.set();
  co_return;
}

co::detached await_reply(int key) {
  co::event found;
  look_up(key, found);
  co_await found;
  replies += 1;
}

void ask() {
  await_reply(1);
  await_reply(-1);
}

int main() {
  ask();
  return replies == 1 ? 0 : 1;
}
