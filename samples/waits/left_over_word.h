// A gate to wait at, and a word of the kind that malloc leaves in buffers.
#pragma once

#include <condition_variable>
#include <latch>
#include <mutex>
#include <thread>

struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_open = false;

  void wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return is_open; });
  }
  void open() {
    const std::lock_guard lock(mutex);
    is_open = true;
    changed.notify_all();
  }
};

inline const void* left_over;
inline std::latch kept{1};

// The thread's control block begins with its own address and that of the list (x86-64, glibc).
inline void keep_word() {
  left_over = static_cast<void**>(__builtin_thread_pointer())[1];
  kept.count_down();
}
