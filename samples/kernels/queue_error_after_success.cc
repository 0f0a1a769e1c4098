// what: A watcher reports an error, and then its end, to a client that stops at the first.
// expect: stuck-task created_by=start_watcher
#include "samples/kernels/kernel.h"

static std::latch failing(1);

void watch(std::shared_ptr<Queue<int>> events) {
  events->push(-1);
  failing.wait();
  if (!events->push(0)) return;
  events->push(0);
}

void start_watcher(Threads& threads, const std::shared_ptr<Queue<int>>& events) {
  threads.start(watch, events);
}

int main() {
  auto events = std::make_shared<Queue<int>>(1);
  Threads threads;
  start_watcher(threads, events);
  if (events->pop() == -1 && kFixed) events->close();
  failing.count_down();
}
