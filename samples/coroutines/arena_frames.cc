// what: Frames lie in an arena; one of three steps waits for ever (S12).
// expect: outlived-task suspected count=1
#include <coroutine>
#include <cstddef>
#include <memory_resource>
#include <utility>

#include "samples/support/task.h"

// The arena gives nothing back before its end: what was destroyed stays as it was.
static std::pmr::monotonic_buffer_resource& arena =
    *new std::pmr::monotonic_buffer_resource(1 << 16);

struct job {
  struct promise_type {
    static void* operator new(std::size_t bytes) { return arena.allocate(bytes, 16); }
    static void operator delete(void* frame, std::size_t bytes) {
      arena.deallocate(frame, bytes, 16);
    }
    job get_return_object() noexcept {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> coroutine;
};

static co::event& ready = *new co::event;

job step(int number) {
  if (number == 1) co_await ready;
}

int main() {
  for (int i = 0; i < 3; ++i) {
    job started = step(i);
    if (!started.coroutine.done()) continue;
    started.coroutine.destroy();
  }
}
