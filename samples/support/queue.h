// A bounded blocking queue. push() waits for room, pop() for an element; close() wakes everybody:
// push() then refuses and pop() returns nothing once the queue is empty. Any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

template <class T>
class Queue {
 public:
  explicit Queue(std::size_t capacity) : capacity_(capacity) {}

  bool push(T value) {
    std::unique_lock lock(mutex_);
    waiting_ += 1;
    waits_.notify_all();
    changed_.wait(lock, [this] { return closed_ || values_.size() < capacity_; });
    waiting_ -= 1;
    if (closed_) return false;
    values_.push_back(std::move(value));
    changed_.notify_all();
    waits_.notify_all();
    return true;
  }

  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    waiting_ += 1;
    waits_.notify_all();
    changed_.wait(lock, [this] { return closed_ || !values_.empty(); });
    waiting_ -= 1;
    if (values_.empty()) return std::nullopt;
    std::optional<T> value = std::move(values_.front());
    values_.pop_front();
    changed_.notify_all();
    waits_.notify_all();
    return value;
  }

  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  // Returns once `threads` threads are blocked in push() or pop(), on a full or drained queue.
  void await_blocked(int threads, bool full) {
    std::unique_lock lock(mutex_);
    waits_.wait(lock, [&] {
      return waiting_ == threads && (full ? values_.size() == capacity_ : values_.empty());
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable waits_;
  std::deque<T> values_;
  const std::size_t capacity_;
  int waiting_ = 0;
  bool closed_ = false;
};
