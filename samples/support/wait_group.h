// Counts what is still to be done; wait() returns once that is nothing. Any thread. And a
// reader-writer lock that lets nobody in before a writer that waits.
#pragma once

#include <condition_variable>
#include <mutex>

class WaitGroup {
 public:
  void add(int more) {
    std::lock_guard lock(mutex_);
    open_ += more;
    if (open_ == 0) none_.notify_all();
  }
  void done() { add(-1); }
  void wait() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [this] { return open_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  int open_ = 0;
};

class WriterFirstLock {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    ++writers_waiting_;
    writer_waits_.notify_all();
    changed_.wait(lock, [this] { return readers_ == 0 && !writing_; });
    --writers_waiting_;
    writing_ = true;
  }
  void unlock() {
    std::lock_guard lock(mutex_);
    writing_ = false;
    changed_.notify_all();
  }
  void lock_shared() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return writers_waiting_ == 0 && !writing_; });
    ++readers_;
  }
  void unlock_shared() {
    std::lock_guard lock(mutex_);
    --readers_;
    changed_.notify_all();
  }
  // Returns once a writer waits.
  void await_writer() {
    std::unique_lock lock(mutex_);
    writer_waits_.wait(lock, [this] { return writers_waiting_ != 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_, writer_waits_;
  int readers_ = 0, writers_waiting_ = 0;
  bool writing_ = false;
};
