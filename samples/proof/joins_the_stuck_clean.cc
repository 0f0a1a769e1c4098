// what: main joins a worker that waits on a global queue: a signal handler could still fill it.
// options: --timeout 700ms
// expect: gate-clean
// exit: 124
#include <thread>

#include "samples/support/queue.h"

static Queue<int> jobs(1);

void work() {
  jobs.pop();
}

std::thread start_worker() {
  return std::thread(work);
}

int main() {
  start_worker().join();
}
