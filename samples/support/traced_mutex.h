// A mutex for coroutines of one thread that tells who waits for it and who has it: what is not in
// any such mutex is its name, track_wait_object and the word in unlock. First come, first served.
#pragma once

#include <track/coroutine.h>
#include <track/wait.h>

#include <coroutine>
#include <deque>

namespace traced {

class mutex {
 public:
  explicit mutex(const char* name) : name_(this, name) {}
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;
  ~mutex() { track_object_gone(this); }

  auto lock() noexcept {
    struct awaiter {
      track::wait_object track_wait_object() const noexcept { return {&lock, TRACK_WAIT_LOCK}; }
      bool await_ready() const noexcept {
        if (lock.taken_) return false;
        return lock.taken_ = true;
      }
      void await_suspend(std::coroutine_handle<> waiting) const {
        lock.waiting_.push_back(waiting);
      }
      void await_resume() const noexcept {}
      mutex& lock;
    };
    return awaiter{*this};
  }

  // To the first who waits; goes on with it.
  void unlock() {
    track_owner_clear(this);
    if (waiting_.empty()) {
      taken_ = false;
      return;
    }
    const std::coroutine_handle<> next = waiting_.front();
    waiting_.pop_front();
    next.resume();
  }

 private:
  bool taken_ = false;
  std::deque<std::coroutine_handle<>> waiting_;
  const track::lock_name name_;
};

}  // namespace traced
