// what: One worker finds nothing to do and returns before the barrier that counts it.
// expect: stuck-task created_by=start_workers
#include <pthread.h>

#include "samples/kernels/kernel.h"

static std::latch started(3);

struct Phase {
  Phase() { pthread_barrier_init(&barrier, nullptr, 3); }
  pthread_barrier_t barrier;
};

void work(std::shared_ptr<Phase> phase, int items) {
  started.count_down();
  if (!kFixed && items == 0) return;
  pthread_barrier_wait(&phase->barrier);
}

void start_workers(Threads& threads, const std::shared_ptr<Phase>& phase) {
  for (const int items : {3, 2, 0}) threads.start(work, phase, items);
}

int main() {
  auto phase = std::make_shared<Phase>();
  Threads threads;
  start_workers(threads, phase);
  started.wait();
}
