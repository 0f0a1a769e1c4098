// A bounded blocking queue whose waits end when a stop is requested: push() then refuses, pop()
// returns nothing. close() does the same for everybody. Any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

template <class T>
class StopQueue {
 public:
  explicit StopQueue(std::size_t capacity) : capacity_(capacity) {}

  bool push(T value, std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    const bool room =
        changed_.wait(lock, stop, [this] { return closed_ || values_.size() < capacity_; });
    if (!room || closed_) return false;
    values_.push_back(std::move(value));
    changed_.notify_all();
    return true;
  }

  std::optional<T> pop(std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    const bool more = changed_.wait(lock, stop, [this] { return closed_ || !values_.empty(); });
    if (!more || values_.empty()) return std::nullopt;
    std::optional<T> value = std::move(values_.front());
    values_.pop_front();
    changed_.notify_all();
    return value;
  }

  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<T> values_;
  const std::size_t capacity_;
  bool closed_ = false;
};
