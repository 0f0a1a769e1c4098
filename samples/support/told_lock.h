// A spin lock and a channel of the program's own that tell the tracker who waits and who holds.
#pragma once

#include <track/wait.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

class SpinLock {
 public:
  explicit SpinLock(const char* name) : name_(this, name) {}

  void lock() {
    if (taken_.exchange(true, std::memory_order_acquire)) {
      track::waiting wait(this, TRACK_WAIT_LOCK);
      while (taken_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
    }
    track_owner_set(this);
  }
  void unlock() {
    track_owner_clear(this);
    taken_.store(false, std::memory_order_release);
  }

 private:
  std::atomic<bool> taken_{false};
  track::lock_name name_;
};

// Whoever receives polls: no condition is there for a tool to see.
template <class T>
class PolledChannel {
 public:
  explicit PolledChannel(const char* name) : name_(this, name) {}
  ~PolledChannel() { track_object_gone(this); }

  void send(T item) {
    {
      std::lock_guard guard(mutex_);
      items_.push_back(std::move(item));
    }
    track_woke(this);
  }
  T receive() {
    T item{};
    if (take(item)) return item;
    track::waiting wait(this, TRACK_WAIT_CHANNEL);
    while (!take(item)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return item;
  }

 private:
  bool take(T& item) {
    std::lock_guard guard(mutex_);
    if (items_.empty()) return false;
    item = std::move(items_.front());
    items_.pop_front();
    return true;
  }

  std::mutex mutex_;
  std::deque<T> items_;
  track::lock_name name_;
};
