// The server ends: everybody who waits for something is told.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace track::serve {

class Stop {
 public:
  void set() {
    const std::lock_guard hold(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool is_set() const {
    const std::lock_guard hold(mutex_);
    return set_;
  }
  // True: the end came first.
  bool wait_for(std::chrono::nanoseconds time) const {
    std::unique_lock hold(mutex_);
    return changed_.wait_for(hold, time, [&] { return set_; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool set_ = false;
};

}  // namespace track::serve
