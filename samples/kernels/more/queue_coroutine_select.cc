// what: Of two sources that are waited for, the loser's coroutine is never told that it lost.
// expect: orphaned-coroutine created_by=race
#include "samples/kernels/kernel.h"

struct Source {
  std::coroutine_handle<> waiting;
  struct Awaiter {
    Source& source;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) noexcept { source.waiting = handle; }
    void await_resume() const noexcept {}
  };
  Awaiter operator co_await() { return {*this}; }
};

co::detached wait_for(std::shared_ptr<Source> source) {
  co_await *source;
}

[[gnu::noinline]] void race(const std::shared_ptr<Source>& a, const std::shared_ptr<Source>& b) {
  wait_for(a);
  wait_for(b);
}

int main() {
  auto a = std::make_shared<Source>(), b = std::make_shared<Source>();
  race(a, b);
  a->waiting.resume();
  if (kFixed) b->waiting.resume();
}
