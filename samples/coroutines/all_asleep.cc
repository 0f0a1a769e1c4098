// what: main waits for a request's answer; the request awaits an event that main would set later.
// expect: stuck-task proved count=1 blocked_in=main
// expect: stuck-task proved count=1 created_by=start_request
// options: --timeout 1
// exit: 23
#include <condition_variable>
#include <mutex>

#include "samples/support/task.h"

static co::event row_loaded;
static std::mutex mutex;
static std::condition_variable answered;
static bool answer = false;

co::detached handle_request() {
  co_await row_loaded;
  const std::lock_guard lock(mutex);
  answer = true;
  answered.notify_one();
}

[[gnu::noinline]] void start_request() {
  handle_request();
  asm volatile("" ::: "memory");
}

int main() {
  start_request();
  std::unique_lock lock(mutex);
  answered.wait(lock, [] { return answer; });
  row_loaded.set();
}
