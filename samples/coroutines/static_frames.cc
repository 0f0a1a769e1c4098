// what: Frames lie in a static array; two of five stages wait for what never happens.
// expect: outlived-task suspected count=2
#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdlib>

#include "samples/support/task.h"

constexpr std::size_t kPlace = 512, kPlaces = 8;
alignas(16) static std::array<char, kPlace * kPlaces> storage;
static std::array<bool, kPlaces> taken;

struct stage {
  struct promise_type : co::detached::promise_type {
    static void* operator new(std::size_t bytes) {
      for (std::size_t i = 0; i < kPlaces && bytes <= kPlace; ++i)
        if (!std::exchange(taken[i], true)) return &storage[i * kPlace];
      std::abort();
    }
    static void operator delete(void* frame) {
      const auto offset = static_cast<std::size_t>(static_cast<char*>(frame) - storage.data());
      taken[offset / kPlace] = false;
    }
    stage get_return_object() const noexcept { return {}; }
  };
};

static int passed = 0;

stage pass(co::event& ready) {
  co_await ready;
  passed += 1;
}

co::event first, second;  // with external linkage: no compiler may forget who waits for them

int main() {
  for (int i = 0; i < 3; ++i) pass(first);
  for (int i = 0; i < 2; ++i) pass(second);
  first.set();
  return passed == 3 ? 0 : 1;
}
