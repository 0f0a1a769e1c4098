// What tests leave behind here: tasks that block until the whole program is over.
#pragma once

#include <pthread.h>
#include <track/track.h>
#include <ucontext.h>

#include <chrono>
#include <coroutine>
#include <exception>
#include <latch>
#include <memory>
#include <thread>

namespace leaks {

inline void block_for_ever() {
  static pthread_mutex_t* const never = [] {
    auto* mutex = new pthread_mutex_t PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(mutex);
    return mutex;
  }();
  pthread_mutex_lock(never);
}

// In the child's child: who inherits the label is blamed on the same test.
[[gnu::noinline]] inline void leak_thread() {
  std::thread(block_for_ever).detach();
}
[[gnu::noinline]] inline void leak_grandchild() {
  std::thread([] { leak_thread(); }).join();
}
[[gnu::noinline]] inline void leak_unjoined() {
  pthread_t thread;
  pthread_create(
      &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
}
// It is there to stay, as it says.
[[gnu::noinline]] inline void stay() {
  auto* const marked = new std::latch(1);
  std::thread([marked] {
    track_task_long_lived(1);
    marked->count_down();
    block_for_ever();
  }).detach();
  marked->wait();
}
[[gnu::noinline]] inline void leak_unjoined_marked() {
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        track_task_long_lived(1);
        return nullptr;
      },
      nullptr);
}
inline pthread_mutex_t till = PTHREAD_MUTEX_INITIALIZER;
[[gnu::noinline]] inline void keep_lock() {
  pthread_mutex_lock(&till);
}
// One in the place of another that was never given back.
[[gnu::noinline]] inline void drop_locked() {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
}
[[gnu::noinline]] inline void end_with_lock() {
  static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
  std::thread([] { pthread_rwlock_wrlock(&table); }).join();
}

// Gone by itself, if it is waited for a little.
[[gnu::noinline]] inline void leave_soon() {
  std::thread([] { std::this_thread::sleep_for(std::chrono::milliseconds(50)); }).detach();
}

// Stands at its first suspension point until it is resumed.
struct Parked {
  struct promise_type {
    Parked get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};
inline Parked park(int value) {
  co_await std::suspend_always();
  if (value < 0) throw value;
}
inline std::coroutine_handle<> parked;  // somebody has it, and forgets it

[[gnu::noinline]] inline void leak_coroutine() {
  parked = park(1).handle;
}
[[gnu::noinline]] inline void finish_coroutine() {
  park(2).handle.resume();
}

// Goes back to who started it; its second half is run by who switches to it once more.
struct Fiber {
  static constexpr size_t kBytes = 256 << 10;
  std::unique_ptr<char[]> stack{new char[kBytes]};
  ucontext_t starter, own;
};
inline Fiber* starting;
inline void fiber_body() {
  Fiber* const fiber = starting;
  swapcontext(&fiber->own, &fiber->starter);
}
[[gnu::noinline]] inline Fiber* start_fiber() {
  auto* const fiber = new Fiber;
  getcontext(&fiber->own);
  fiber->own.uc_stack.ss_sp = fiber->stack.get();
  fiber->own.uc_stack.ss_size = Fiber::kBytes;
  fiber->own.uc_link = &fiber->starter;
  makecontext(&fiber->own, fiber_body, 0);
  starting = fiber;
  swapcontext(&fiber->starter, &fiber->own);
  return fiber;
}
inline Fiber* kept;
[[gnu::noinline]] inline void leak_fiber() {
  kept = start_fiber();
}
[[gnu::noinline]] inline void finish_fiber() {
  const std::unique_ptr<Fiber> fiber(start_fiber());
  swapcontext(&fiber->starter, &fiber->own);
}

}  // namespace leaks
