// What creating and destroying an empty coroutine costs below 20 frames of different sizes.
#include <coroutine>
#include <cstddef>

#include "tests/bench/micro.h"

namespace track::bench {
namespace {

struct Empty {
  struct promise_type {
    Empty get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

[[gnu::noinline]] Empty empty_coroutine() {
  co_return;
}

template <int kDepth>
[[gnu::noinline]] double below(double seconds) {
  char block[8 + kDepth * 40 % 200];  // frames of different sizes
  asm volatile("" ::"r"(block) : "memory");
  double result = 0;
  if constexpr (kDepth > 0) {
    result = below<kDepth - 1>(seconds);
  } else {
    result = measure_ns(seconds, 1000, [](uint64_t count) {
      for (uint64_t i = 0; i < count; ++i) empty_coroutine().handle.destroy();
    });
  }
  asm volatile("" ::"r"(block) : "memory");  // no tail call
  return result;
}

}  // namespace

double coroutine_ns(double seconds) {
  return below<13>(seconds);  // 14 frames; main, libc and the coroutine make it 20
}

}  // namespace track::bench
