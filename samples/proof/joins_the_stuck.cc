// what: main joins a worker that waits for work nobody can send any more.
// options: --timeout 700ms
// expect: stuck-task proved count=1 created_by=start_worker blocked_in=work
// expect: stuck-task proved count=1 blocked_in=main
#include <memory>
#include <thread>

#include "samples/support/queue.h"

void work() {
  auto jobs = std::make_unique<Queue<int>>(1);
  jobs->pop();
}

std::thread start_worker() {
  return std::thread(work);
}

int main() {
  start_worker().join();
}
