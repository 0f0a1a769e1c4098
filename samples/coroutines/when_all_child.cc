// what: Two of three awaited children never end: one finding, with what they are (S08).
// expect: outlived-task suspected count=1 created_by=fetch_all|main
#include <coroutine>
#include <utility>
#include <vector>

#include "samples/support/task.h"

// Counts children down; the last one resumes who waits for all.
struct Join {
  int left = 0;
  std::coroutine_handle<> waiter;
};

class child {
 public:
  struct promise_type {
    struct final_awaiter {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(
          std::coroutine_handle<promise_type> ended) const noexcept {
        Join& join = *ended.promise().join;
        return --join.left == 0 ? join.waiter : std::noop_coroutine();
      }
      void await_resume() const noexcept {}
    };
    child get_return_object() noexcept {
      return child(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    final_awaiter final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
    Join* join = nullptr;
  };

  explicit child(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  child(child&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~child() {
    if (handle_) handle_.destroy();
  }
  void start(Join& join) {
    handle_.promise().join = &join;
    handle_.resume();
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

child wrap(co::task<> task) {
  co_await task;
}

class when_all {
 public:
  explicit when_all(std::vector<child> children) : children_(std::move(children)) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) {
    join_ = {static_cast<int>(children_.size()) + 1, awaiting};
    for (child& one : children_) one.start(join_);
    return --join_.left != 0;
  }
  void await_resume() const noexcept {}

 private:
  std::vector<child> children_;
  Join join_;
};

static co::event& first = *new co::event;
static co::event& second = *new co::event;
static int done = 0;

co::task<> fetch(co::event& ready) {
  co_await ready;
}

co::detached fetch_all() {
  std::vector<child> children;
  children.push_back(wrap(fetch(first)));
  children.push_back(wrap(fetch(second)));
  children.push_back(wrap(fetch(second)));
  co_await when_all(std::move(children));
  done += 1;
}

int main() {
  fetch_all();
  first.set();
  return done == 0 ? 0 : 1;
}
