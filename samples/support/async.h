// Coroutines on several threads: an executor, and what coroutines wait for on it. Whoever ends a
// wait queues the coroutine; a worker of the executor resumes it. Any thread may call everything.
//  - Executor: schedule() moves a coroutine to a worker; await_idle() returns when none can go on.
//  - AsyncSemaphore: acquire(), release(). AsyncMutex: one permit.
//  - AsyncLatch: wait() until count_down() was called so often.
//  - AsyncChannel: bounded (0: a hand-over); push(), pop(), close() as those of a Queue.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

class Executor {
 public:
  explicit Executor(int threads) : threads_(threads) {
    for (std::thread& thread : threads_) thread = std::thread(&Executor::work, this);
  }
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  ~Executor() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void post(std::coroutine_handle<> coroutine) {
    {
      std::lock_guard lock(mutex_);
      ready_.push_back(coroutine);
    }
    changed_.notify_one();
  }

  auto schedule() {
    struct awaiter {
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> awaiting) { executor.post(awaiting); }
      void await_resume() const noexcept {}
      Executor& executor;
    };
    return awaiter{*this};
  }

  void await_idle() {
    std::unique_lock lock(mutex_);
    idle_changed_.wait(lock, [this] { return ready_.empty() && idle_ == threads_.size(); });
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      idle_changed_.notify_all();
      changed_.wait(lock, [this] { return closed_ || !ready_.empty(); });
      --idle_;
      if (ready_.empty()) return;
      const std::coroutine_handle<> coroutine = ready_.front();
      ready_.pop_front();
      lock.unlock();
      coroutine.resume();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_, idle_changed_;
  std::deque<std::coroutine_handle<>> ready_;
  std::size_t idle_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

class AsyncSemaphore {
 public:
  AsyncSemaphore(Executor& executor, int permits) : executor_(executor), permits_(permits) {}

  auto acquire() {
    struct awaiter {
      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> awaiting) {
        std::lock_guard lock(owner.mutex_);
        if (owner.permits_ > 0) {
          --owner.permits_;
          return false;
        }
        owner.waiting_.push_back(awaiting);
        return true;
      }
      void await_resume() const noexcept {}
      AsyncSemaphore& owner;
    };
    return awaiter{*this};
  }

  void release() {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      ++permits_;
      return;
    }
    executor_.post(waiting_.front());
    waiting_.pop_front();
  }

 private:
  Executor& executor_;
  std::mutex mutex_;
  int permits_;
  std::deque<std::coroutine_handle<>> waiting_;
};

class AsyncMutex : public AsyncSemaphore {
 public:
  explicit AsyncMutex(Executor& executor) : AsyncSemaphore(executor, 1) {}
};

class AsyncLatch {
 public:
  AsyncLatch(Executor& executor, int count) : executor_(executor), count_(count) {}

  void count_down() {
    std::lock_guard lock(mutex_);
    if (--count_ > 0) return;
    for (const std::coroutine_handle<> coroutine : std::exchange(waiting_, {}))
      executor_.post(coroutine);
  }

  auto wait() {
    struct awaiter {
      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> awaiting) {
        std::lock_guard lock(owner.mutex_);
        if (owner.count_ <= 0) return false;
        owner.waiting_.push_back(awaiting);
        return true;
      }
      void await_resume() const noexcept {}
      AsyncLatch& owner;
    };
    return awaiter{*this};
  }

 private:
  Executor& executor_;
  std::mutex mutex_;
  int count_;
  std::vector<std::coroutine_handle<>> waiting_;
};

template <class T>
class AsyncChannel {
 public:
  AsyncChannel(Executor& executor, std::size_t capacity)
      : executor_(executor), capacity_(capacity) {}

  struct Pusher {
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting) {
      coroutine = awaiting;
      return owner.suspend(*this);
    }
    bool await_resume() const noexcept { return accepted; }
    AsyncChannel& owner;
    T value;
    bool accepted = false;
    std::coroutine_handle<> coroutine = nullptr;
  };

  struct Popper {
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting) {
      coroutine = awaiting;
      return owner.suspend(*this);
    }
    std::optional<T> await_resume() { return std::move(value); }
    AsyncChannel& owner;
    std::optional<T> value = std::nullopt;
    std::coroutine_handle<> coroutine = nullptr;
  };

  Pusher push(T value) { return {*this, std::move(value)}; }
  Popper pop() { return {*this}; }

  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (Popper* popper : std::exchange(poppers_, {})) executor_.post(popper->coroutine);
    for (Pusher* pusher : std::exchange(pushers_, {})) executor_.post(pusher->coroutine);
  }

 private:
  bool suspend(Pusher& pusher) {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    if (!poppers_.empty()) {
      poppers_.front()->value = std::move(pusher.value);
      executor_.post(poppers_.front()->coroutine);
      poppers_.pop_front();
    } else if (values_.size() < capacity_) {
      values_.push_back(std::move(pusher.value));
    } else {
      pushers_.push_back(&pusher);
      return true;
    }
    pusher.accepted = true;
    return false;
  }

  bool suspend(Popper& popper) {
    std::lock_guard lock(mutex_);
    if (!pushers_.empty()) {
      Pusher& pusher = *pushers_.front();
      values_.push_back(std::move(pusher.value));
      pusher.accepted = true;
      executor_.post(pusher.coroutine);
      pushers_.pop_front();
    }
    if (values_.empty()) {
      if (closed_) return false;
      poppers_.push_back(&popper);
      return true;
    }
    popper.value = std::move(values_.front());
    values_.pop_front();
    return false;
  }

  Executor& executor_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::deque<T> values_;
  std::deque<Pusher*> pushers_;
  std::deque<Popper*> poppers_;
  bool closed_ = false;
};
