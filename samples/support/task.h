// The coroutine types the samples use: the kind a small code base writes for itself.
//  - task<T>: lazy, owned by its handle, resumes its awaiter by symmetric transfer.
//  - detached: starts at once, owns itself, frees itself when it ends.
//  - event: manual reset, one thread; set() resumes the waiters in order.
//  - generator<T>: lazy sequence; destroying it half-way is fine.
//  - sync_wait(task): runs a task to its end from ordinary code, on any thread.
#pragma once

#include <atomic>
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace co {

template <class T>
class task;

namespace detail {

struct promise_base {
  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept {
      return ended.promise().continuation;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() { error = std::current_exception(); }

  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::exception_ptr error;
};

template <class T>
struct task_promise : promise_base {
  task<T> get_return_object() noexcept;
  void return_value(T result) { value = std::move(result); }
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
  std::optional<T> value;
};

template <>
struct task_promise<void> : promise_base {
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] task {
 public:
  using promise_type = detail::task_promise<T>;
  using handle = std::coroutine_handle<promise_type>;

  explicit task(handle coroutine) noexcept : coroutine_(coroutine) {}
  task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  task(const task&) = delete;
  task& operator=(task&&) = delete;
  ~task() {
    if (coroutine_) coroutine_.destroy();
  }

  // Gives the coroutine away: whoever takes the handle destroys the frame.
  handle release() noexcept { return std::exchange(coroutine_, nullptr); }

  auto operator co_await() const noexcept {
    struct awaiter {
      bool await_ready() const noexcept { return false; }
      handle await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        coroutine.promise().continuation = awaiting;
        return coroutine;
      }
      T await_resume() const { return coroutine.promise().take(); }
      handle coroutine;
    };
    return awaiter{coroutine_};
  }

 private:
  handle coroutine_;
};

template <class T>
task<T> detail::task_promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<task_promise<T>>::from_promise(*this));
}

inline task<void> detail::task_promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<task_promise<void>>::from_promise(*this));
}

struct detached {
  struct promise_type {
    detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

class event {
 public:
  bool is_set() const noexcept { return set_; }
  void set() {
    set_ = true;
    waiter* next = std::exchange(first_, nullptr);
    while (waiter* current = next) {
      next = current->next;
      current->coroutine.resume();
    }
  }

  struct waiter {
    bool await_ready() const noexcept { return owner.set_; }
    void await_suspend(std::coroutine_handle<> awaiting) noexcept {
      coroutine = awaiting;
      waiter** tail = &owner.first_;
      while (*tail) tail = &(*tail)->next;
      *tail = this;
    }
    void await_resume() const noexcept {}
    event& owner;
    std::coroutine_handle<> coroutine = nullptr;
    waiter* next = nullptr;
  };
  waiter operator co_await() noexcept { return waiter{*this}; }

 private:
  bool set_ = false;
  waiter* first_ = nullptr;
};

template <class T>
class generator {
 public:
  struct promise_type {
    generator get_return_object() noexcept {
      return generator(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    std::suspend_always yield_value(T value) {
      current = std::move(value);
      return {};
    }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
    T current{};
  };
  using handle = std::coroutine_handle<promise_type>;

  explicit generator(handle coroutine) noexcept : coroutine_(coroutine) {}
  generator(generator&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  generator(const generator&) = delete;
  generator& operator=(generator&&) = delete;
  ~generator() {
    if (coroutine_) coroutine_.destroy();
  }

  std::optional<T> next() {
    coroutine_.resume();
    if (coroutine_.done()) return std::nullopt;
    return coroutine_.promise().current;
  }
  handle release() noexcept { return std::exchange(coroutine_, nullptr); }

 private:
  handle coroutine_;
};

template <class T>
T sync_wait(task<T> work) {
  std::atomic<bool> done = false;
  // The frame of this coroutine ends before the wait does; `work` outlives both.
  auto run = [](const task<T>& awaited, std::atomic<bool>& finished) -> detached {
    struct ignore_result {
      bool await_ready() const noexcept { return false; }
      auto await_suspend(std::coroutine_handle<> awaiting) noexcept {
        return inner.await_suspend(awaiting);
      }
      void await_resume() const noexcept {}
      decltype(awaited.operator co_await()) inner;
    };
    co_await ignore_result{awaited.operator co_await()};
    finished = true;
    finished.notify_all();
  };
  run(work, done);
  done.wait(false);
  return work.operator co_await().await_resume();
}

}  // namespace co
