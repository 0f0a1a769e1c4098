// What tests leave behind here: tasks that block until the whole program is over.
#pragma once

#include <pthread.h>

#include <chrono>
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
// Gone by itself, if it is waited for a little.
[[gnu::noinline]] inline void leave_soon() {
  std::thread([] { std::this_thread::sleep_for(std::chrono::milliseconds(50)); }).detach();
}

}  // namespace leaks
