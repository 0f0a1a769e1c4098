// what: Frames come from a free list; most are recycled, two coroutines never end (S12, S29).
// expect: orphaned-coroutine proved count=2 created_by=start_stuck
#include <coroutine>
#include <cstddef>
#include <new>
#include <vector>

#include "samples/support/task.h"

// Frames of one size, kept for the next coroutine.
struct FramePool {
  void* take(std::size_t size) {
    if (free_.empty()) return ::operator new(size);
    void* frame = free_.back();
    free_.pop_back();
    return frame;
  }
  void give(void* frame) { free_.push_back(frame); }
  ~FramePool() {
    for (void* frame : free_) ::operator delete(frame);
  }
  std::vector<void*> free_;
};

static FramePool frames;
static int handled = 0;

struct request {
  struct promise_type : co::detached::promise_type {
    static void* operator new(std::size_t size) { return frames.take(size); }
    static void operator delete(void* frame) { frames.give(frame); }
    request get_return_object() const noexcept { return {}; }
  };
};

request handle(co::event& ready) {
  co_await ready;
  handled += 1;
}

void start_stuck(co::event& never) {
  for (int i = 0; i < 2; ++i) handle(never);
}

int main() {
  auto* never = new co::event;
  start_stuck(*never);
  for (int i = 0; i < 100; ++i) {
    co::event ready;
    handle(ready);
    handle(ready);
    ready.set();
  }
  return handled == 200 ? 0 : 1;
}
