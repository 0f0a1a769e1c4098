// what: A worker returns at an error without telling the wait group.
// expect: stuck-task created_by=start_waiter
#include "samples/kernels/kernel.h"

static std::latch waiting(1);

void run_job(WaitGroup& group, bool fails) {
  if (fails && !kFixed) return;
  group.done();
}

void start_waiter(Threads& threads, const std::shared_ptr<WaitGroup>& group) {
  threads.start([group] {
    waiting.count_down();
    group->wait();
  });
}

int main() {
  auto group = std::make_shared<WaitGroup>();
  group->add(2);
  Threads threads;
  start_waiter(threads, group);
  waiting.wait();
  for (const bool fails : {false, true}) std::jthread(run_job, std::ref(*group), fails).join();
}
