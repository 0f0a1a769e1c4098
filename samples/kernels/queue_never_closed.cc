// what: Workers take jobs until the queue is closed, and nobody closes it.
// expect: stuck-task created_by=start_workers
#include "samples/kernels/kernel.h"

void work(std::shared_ptr<Queue<int>> jobs) {
  while (jobs->pop()) {
  }
}

void start_workers(Threads& threads, const std::shared_ptr<Queue<int>>& jobs) {
  for (int i = 0; i < 3; ++i) threads.start(work, jobs);
}

int main() {
  auto jobs = std::make_shared<Queue<int>>(4);
  Threads threads;
  start_workers(threads, jobs);
  for (int job = 0; job < 6; ++job) jobs->push(job);
  jobs->await_blocked(3, false);
  if (kFixed) jobs->close();
}
