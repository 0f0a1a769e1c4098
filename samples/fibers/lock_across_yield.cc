// what: A fiber keeps a mutex while it waits in its scheduler; the next fiber wants the mutex.
// expect: deadlock likely|proved count=1 created_by=start_loop blocked_in=store
// expect: outlived-task suspected count=1 created_by=start_fiber
// exit: 23
#include <latch>
#include <mutex>
#include <thread>

#include "samples/fibers/ucontext_scheduler.h"

static std::mutex journal;
static std::latch looping(1);

[[gnu::noinline]] static void store() {
  journal.lock();
  await_reply();
  journal.unlock();
}

static void run_loop() {
  start_fiber(store);
  start_fiber(store);
  resume_fiber(0);
  looping.count_down();
  resume_fiber(1);
}

[[gnu::noinline]] static void start_loop() {
  std::thread(run_loop).detach();
}

int main() {
  start_loop();
  looping.wait();
}
