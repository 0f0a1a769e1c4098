// what: The only consumer puts follow-up work into its own full queue.
// expect: stuck-task created_by=start_consumer
#include "samples/kernels/kernel.h"

static std::latch consuming(1);

void consume(std::shared_ptr<Queue<int>> jobs) {
  while (const std::optional<int> job = jobs->pop()) {
    consuming.count_down();
    for (int follow_up = 0; *job == 7 && follow_up < 2; ++follow_up) jobs->push(0);
    if (kFixed) return;
  }
}

void start_consumer(Threads& threads, const std::shared_ptr<Queue<int>>& jobs) {
  threads.start(consume, jobs);
}

int main() {
  auto jobs = std::make_shared<Queue<int>>(kFixed ? 4 : 1);
  jobs->push(7);
  Threads threads;
  start_consumer(threads, jobs);
  consuming.wait();
}
