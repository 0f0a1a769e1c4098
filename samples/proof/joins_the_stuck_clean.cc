// what: main joins a worker that waits on a global queue: a signal handler could still fill it.
// options: --timeout 700ms
// expect: gate-clean
// exit: 124
#include <csignal>
#include <thread>

#include "samples/support/queue.h"

static Queue<int> jobs(1);

void work() {
  jobs.pop();
}

std::thread start_worker() {
  return std::thread(work);
}

// Not for a real handler to do, but this one could.
void fill(int) {
  jobs.push(1);
}

int main() {
  std::signal(SIGUSR1, fill);
  start_worker().join();
}
