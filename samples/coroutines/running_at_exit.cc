// what: A coroutine runs on a thread, which waits inside of it for ever: it is not suspended.
// expect: outlived-task|pool-exhausted suspected count=1 blocked_in=run_job
// expect: outlived-task suspected count=1
#include <condition_variable>
#include <coroutine>
#include <mutex>
#include <thread>

#include "samples/support/task.h"

static std::mutex& guard = *new std::mutex;
static std::condition_variable& changed = *new std::condition_variable;
static bool inside = false, finished = false;

co::detached run_job(co::event& started) {
  co_await started;
  std::unique_lock lock(guard);
  inside = true;
  changed.notify_all();
  changed.wait(lock, [] { return finished; });
}

int main() {
  static co::event& started = *new co::event;
  run_job(started);
  std::thread worker([] { started.set(); });
  worker.detach();
  std::unique_lock lock(guard);
  changed.wait(lock, [] { return inside; });
}
