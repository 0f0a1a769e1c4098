// what: A fiber takes a mutex on one thread and gives it back on another; both go on.
// expect: clean
#include <mutex>
#include <thread>

#include "samples/fibers/ucontext_scheduler.h"

static std::mutex journal;

static void store() {
  journal.lock();
  await_reply();
  journal.unlock();
}

int main() {
  std::thread([] {
    start_fiber(store);
    resume_fiber(0);
  }).join();
  std::thread second([] { const std::lock_guard lock(journal); });
  resume_fiber(0);
  second.join();
  free_fibers();
}
