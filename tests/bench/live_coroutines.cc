// live_coroutines N: N suspended coroutines, made at four sites, for `track ps` to list.
// Prints "ready PID", waits for the end of standard input, destroys them all.
#include <unistd.h>

#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

struct Parked {
  struct promise_type {
    Parked get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

template <int kSite>
Parked park(long value) {
  long kept[1 + kSite * 2] = {value};
  co_await std::suspend_always{};
  asm volatile("" ::"r"(kept) : "memory");
}

template <int kSite>
[[gnu::noinline]] Parked start(long value) {
  Parked parked = park<kSite>(value);
  asm volatile("" ::: "memory");
  return parked;
}

Parked start_one(long i) {
  switch (i % 4) {
    case 0:
      return start<0>(i);
    case 1:
      return start<1>(i);
    case 2:
      return start<2>(i);
    default:
      return start<3>(i);
  }
}

}  // namespace

int main(int count, char** arguments) {
  const long wanted = count > 1 ? std::atol(arguments[1]) : 1'000'000;
  std::vector<Parked> all;
  all.reserve(static_cast<size_t>(wanted));
  for (long i = 0; i < wanted; ++i) all.push_back(start_one(i));
  std::printf("ready %d\n", getpid());
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;
  for (Parked& one : all) one.handle.destroy();
  return 0;
}
