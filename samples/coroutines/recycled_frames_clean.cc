// what: Frames come from a free list and are all recycled; the list frees them at exit.
// expect: clean
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

int main() {
  for (int i = 0; i < 100; ++i) {
    co::event ready;
    handle(ready);
    handle(ready);
    ready.set();
  }
  return handled == 200 ? 0 : 1;
}
