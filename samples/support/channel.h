// A bounded channel for coroutines of one thread. push() suspends while it is full, pop() while it
// is empty; close() resumes everybody: push() then says false and pop() returns nothing.
// (GCC 12 miscompiles co_await in a loop condition: await in the body.)
#pragma once

#include <coroutine>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace co {

template <class T>
class channel {
 public:
  explicit channel(std::size_t capacity) : capacity_(capacity) {}

  auto push(T value) { return pusher{*this, std::move(value)}; }
  auto pop() { return popper{*this}; }

  void close() {
    closed_ = true;
    for (popper* waiting : std::exchange(poppers_, {})) waiting->coroutine.resume();
    for (pusher* waiting : std::exchange(pushers_, {})) waiting->coroutine.resume();
  }

 private:
  struct pusher {
    bool await_ready() {
      if (owner.closed_) return true;
      if (!owner.poppers_.empty()) {
        popper* waiting = owner.poppers_.front();
        owner.poppers_.pop_front();
        waiting->value = std::move(value);
        waiting->coroutine.resume();
        return accepted = true;
      }
      if (owner.values_.size() == owner.capacity_) return false;
      owner.values_.push_back(std::move(value));
      return accepted = true;
    }
    void await_suspend(std::coroutine_handle<> awaiting) {
      coroutine = awaiting;
      owner.pushers_.push_back(this);
    }
    bool await_resume() const noexcept { return accepted; }
    channel& owner;
    T value;
    bool accepted = false;
    std::coroutine_handle<> coroutine = nullptr;
  };

  struct popper {
    bool await_ready() {
      if (owner.values_.empty()) return owner.closed_;
      value = std::move(owner.values_.front());
      owner.values_.pop_front();
      if (!owner.pushers_.empty()) {
        pusher* waiting = owner.pushers_.front();
        owner.pushers_.pop_front();
        owner.values_.push_back(std::move(waiting->value));
        waiting->accepted = true;
        waiting->coroutine.resume();
      }
      return true;
    }
    void await_suspend(std::coroutine_handle<> awaiting) {
      coroutine = awaiting;
      owner.poppers_.push_back(this);
    }
    std::optional<T> await_resume() { return std::move(value); }
    channel& owner;
    std::optional<T> value = std::nullopt;
    std::coroutine_handle<> coroutine = nullptr;
  };

  std::deque<T> values_;
  std::deque<pusher*> pushers_;
  std::deque<popper*> poppers_;
  const std::size_t capacity_;
  bool closed_ = false;
};

}  // namespace co
