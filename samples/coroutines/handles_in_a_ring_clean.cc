// what: Handles in a ring and on a downward stack, behind what look like a vector's ends.
// expect: outlived-task suspected count=5
// expect: outlived-task suspected count=5
// flags: -O1
#include <coroutine>
#include <cstdlib>

#include "samples/support/task.h"

using Handle = std::coroutine_handle<>;

// Both hold three words such as std::vector's, and more than lies before the second one.
struct Ring {
  Handle* first;
  Handle* to_write;
  Handle* end;
  Handle* to_read;
};
struct Stack {
  Handle* lowest;
  Handle* top;
  Handle* end;
};

constexpr int kRing = 8, kStack = 4096;
static Ring ring;
static Stack stack;
static int done = 0;

struct IntoRing {
  bool await_ready() const noexcept { return false; }
  void await_suspend(Handle waiting) const noexcept {
    *ring.to_write++ = waiting;
    if (ring.to_write == ring.end) ring.to_write = ring.first;
  }
  void await_resume() const noexcept {}
};

struct OntoStack {
  bool await_ready() const noexcept { return false; }
  void await_suspend(Handle waiting) const noexcept { *--stack.top = waiting; }
  void await_resume() const noexcept {}
};

co::detached job() {
  co_await IntoRing{};
  co_await OntoStack{};
  ++done;
}

[[gnu::noinline]] void next() {
  const Handle waiting = *ring.to_read++;
  if (ring.to_read == ring.end) ring.to_read = ring.first;
  waiting.resume();
}

int main() {
  ring.first = ring.to_write = ring.to_read =
      static_cast<Handle*>(std::malloc(kRing * sizeof(Handle)));
  ring.end = ring.first + kRing;
  stack.lowest = static_cast<Handle*>(std::malloc(kStack * sizeof(Handle)));
  stack.top = stack.end = stack.lowest + kStack;
  for (int i = 0; i < 5; ++i) job();
  for (int i = 0; i < 5; ++i) next();
  for (int i = 0; i < 5; ++i) job();
  // Two wait in the ring before its end, behind where it is written to, and three after its start.
  return done == 0 ? 0 : 1;
}
