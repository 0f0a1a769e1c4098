// what: A thread waits for a mutex that its own fiber took; another thread will resume that fiber.
// expect: gate-clean
// options: --timeout 1
// exit: 124
#include <unistd.h>

#include <latch>
#include <mutex>
#include <thread>

#include "samples/fibers/ucontext_scheduler.h"

static std::mutex journal;
static std::latch taken(1);

static void store() {
  journal.lock();
  await_reply();
  journal.unlock();
}

static void run_loop() {
  start_fiber(store);
  resume_fiber(0);
  taken.count_down();
  journal.lock();
  journal.unlock();
}

int main() {
  std::thread loop(run_loop);
  taken.wait();
  sleep(20);
  resume_fiber(0);
  loop.join();
  free_fibers();
}
