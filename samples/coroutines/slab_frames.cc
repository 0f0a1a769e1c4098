// what: Frames lie in a slab pool; two requests wait for what never happens (S12).
// expect: outlived-task suspected count=2
#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "samples/support/task.h"

// Places of one size, cut from large blocks; free ones are linked through their first word.
class Slab {
 public:
  void* take(std::size_t bytes) {
    if (bytes > kPlace) std::abort();
    if (free_ == nullptr) {
      char* block = static_cast<char*>(::operator new(kPlace* kPlaces));
      for (std::size_t i = 0; i < kPlaces; ++i) give(block + i * kPlace);
    }
    Node* first = free_;
    free_ = first->next;
    return first;
  }
  void give(void* place) { free_ = new (place) Node{free_}; }

 private:
  static constexpr std::size_t kPlace = 320, kPlaces = 32;
  struct Node {
    Node* next;
  };
  Node* free_ = nullptr;
};

static Slab& slab = *new Slab;
static int handled = 0;

struct request {
  struct promise_type : co::detached::promise_type {
    static void* operator new(std::size_t bytes) { return slab.take(bytes); }
    static void operator delete(void* frame) { slab.give(frame); }
    request get_return_object() const noexcept { return {}; }
  };
};

request handle(co::event& ready) {
  co_await ready;
  handled += 1;
}

co::event never;  // with external linkage: no compiler may forget who waits for it

int main() {
  for (int i = 0; i < 20; ++i) {
    co::event ready;
    handle(ready);
    handle(ready);
    ready.set();
  }
  handle(never);
  handle(never);
  return handled == 40 ? 0 : 1;
}
