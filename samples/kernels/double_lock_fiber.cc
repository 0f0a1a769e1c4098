// what: A fiber keeps a mutex when it yields; the next fiber of that thread wants it.
// expect: deadlock created_by=start_loop
#include "samples/fibers/ucontext_scheduler.h"
#include "samples/kernels/kernel.h"

static std::mutex settings;
static std::latch looping(1);

static void update() {
  std::unique_lock lock(settings);
  if (kFixed) lock.unlock();
  await_reply();
}

static void run_fibers() {
  for (int i = 0; i < 2; ++i) start_fiber(update);
  resume_fiber(0);
  looping.count_down();
  resume_fiber(1);
  resume_all();
  free_fibers();
}

void start_loop(Threads& threads) {
  threads.start(run_fibers);
}

int main() {
  Threads threads;
  start_loop(threads);
  looping.wait();
}
