// what: main waits for a request's answer; the event that it awaits is about to be set.
// expect: gate-clean
// options: --timeout 1
// exit: 124
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

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

int main() {
  handle_request();
  std::thread database([] {
    sleep(20);
    row_loaded.set();
  });
  std::unique_lock lock(mutex);
  answered.wait(lock, [] { return answer; });
  lock.unlock();
  database.join();
}
