// The task and the generator of a small coroutine library, as cppcoro has them, traced by
// <track/coroutine.h>: what is not in samples/support/task.h is three lines and a base class.
//  - traced::task: lazy, owned by its handle, resumes its awaiter by symmetric transfer.
//  - traced::generator: lazy sequence of int.
//  - traced::event: manual reset, one thread, one waiter.
#pragma once

#include <track/coroutine.h>

#include <coroutine>
#include <exception>
#include <utility>

namespace traced {

class [[nodiscard]] task {
 public:
  struct promise_type : track::traced_promise<promise_type> {
    struct final_awaiter {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(
          std::coroutine_handle<promise_type> ended) const noexcept {
        return ended.promise().continuation;
      }
      void await_resume() const noexcept {}
    };
    task get_return_object() noexcept {
      return task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    auto initial_suspend(track::place here = track::place::current()) noexcept {
      return track_initial(std::suspend_always{}, here);
    }
    auto final_suspend() noexcept { return track_final(final_awaiter{}); }
    void return_void() const noexcept {}
    void unhandled_exception() { error = std::current_exception(); }

    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr error;
  };
  using handle = std::coroutine_handle<promise_type>;

  explicit task(handle coroutine) noexcept : coroutine_(coroutine) {}
  task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  task& operator=(task&&) = delete;
  ~task() {
    if (coroutine_) coroutine_.destroy();
  }

  void start() { coroutine_.resume(); }
  // Gives the coroutine away: whoever takes the handle destroys the frame.
  handle release() noexcept { return std::exchange(coroutine_, nullptr); }

  auto operator co_await() const noexcept {
    struct awaiter {
      bool await_ready() const noexcept { return false; }
      handle await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        coroutine.promise().continuation = awaiting;
        coroutine.promise().track_awaited_by(awaiting);
        return coroutine;
      }
      void await_resume() const {
        if (coroutine.promise().error) std::rethrow_exception(coroutine.promise().error);
      }
      handle coroutine;
    };
    return awaiter{coroutine_};
  }

 private:
  handle coroutine_;
};

class generator {
 public:
  struct promise_type : track::traced_promise<promise_type> {
    generator get_return_object() noexcept {
      return generator(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    auto initial_suspend(track::place here = track::place::current()) noexcept {
      return track_initial(std::suspend_always{}, here);
    }
    auto final_suspend() noexcept { return track_final(std::suspend_always{}); }
    auto yield_value(int next, track::place here = track::place::current()) noexcept {
      value = next;
      return track_yield(std::suspend_always{}, here);
    }
    void return_void() const noexcept {}
    void unhandled_exception() const { std::terminate(); }
    int value = 0;
  };
  using handle = std::coroutine_handle<promise_type>;

  explicit generator(handle coroutine) noexcept : coroutine_(coroutine) {}
  generator(generator&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  generator& operator=(generator&&) = delete;
  ~generator() {
    if (coroutine_) coroutine_.destroy();
  }
  bool next() {
    coroutine_.resume();
    return !coroutine_.done();
  }
  int value() const { return coroutine_.promise().value; }
  handle release() noexcept { return std::exchange(coroutine_, nullptr); }

 private:
  handle coroutine_;
};

class event {
 public:
  void set() {
    set_ = true;
    if (waiter_) std::exchange(waiter_, nullptr).resume();
  }
  bool await_ready() const noexcept { return set_; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }
  void await_resume() const noexcept {}

 private:
  bool set_ = false;
  std::coroutine_handle<> waiter_;
};

}  // namespace traced
