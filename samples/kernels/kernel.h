// What every kernel includes. A kernel is a small program with one blocking bug, as servers had
// them; compiled with -DFIXED it is its own clean twin. Its tasks leak in the one and end in the
// other, always: what must happen first is awaited, never slept for.
#pragma once

#include <atomic>
#include <barrier>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <future>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "samples/support/async.h"
#include "samples/support/queue.h"
#include "samples/support/stop_queue.h"
#include "samples/support/task.h"
#include "samples/support/wait_group.h"

#ifdef FIXED
inline constexpr bool kFixed = true;
#else
inline constexpr bool kFixed = false;
#endif

// The threads of the fixed program end, and are awaited. Those with the bug would never: they are
// left to themselves, as a test does that only looks at its result.
class Threads {
 public:
  template <class... Arguments>
  void start(Arguments&&... arguments) {
    threads_.emplace_back(std::forward<Arguments>(arguments)...);
  }
  ~Threads() {
    for (std::thread& thread : threads_) kFixed ? thread.join() : thread.detach();
  }

 private:
  std::vector<std::thread> threads_;
};
