// what: A coroutine leaves by an exception with its permit; the next one waits for it.
// expect: orphaned-coroutine created_by=serve_two
#include "samples/kernels/kernel.h"

struct Permits {
  int left = 1;
  std::vector<std::coroutine_handle<>> queue;
  struct Awaiter {
    Permits& permits;
    bool await_ready() const noexcept { return permits.left > 0; }
    void await_suspend(std::coroutine_handle<> handle) { permits.queue.push_back(handle); }
    void await_resume() const noexcept { --permits.left; }
  };
  Awaiter acquire() { return {*this}; }
  void release() {
    ++left;
    if (queue.empty()) return;
    const auto next = queue.back();
    queue.pop_back();
    next.resume();
  }
};

co::detached serve(std::shared_ptr<Permits> permits, bool bad) {
  co_await permits->acquire();
  try {
    if (bad) throw std::runtime_error("bad request");
    permits->release();
  } catch (const std::exception&) {
    if (kFixed) permits->release();
  }
}

[[gnu::noinline]] void serve_two(const std::shared_ptr<Permits>& permits) {
  serve(permits, true);
  serve(permits, false);
}

int main() {
  serve_two(std::make_shared<Permits>());
}
