// what: Everybody waits on a global queue, main for its workers too; the test times out.
// expect: stuck-task created_by=start_workers
// expect: stuck-task blocked_in=main
// options: --timeout 1s
#include "samples/kernels/kernel.h"

static Queue<int> results(2);

void work(int number) {
  results.push(number);
}

std::vector<std::thread> start_workers() {
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) workers.emplace_back(work, i);
  return workers;
}

int main() {
  std::vector<std::thread> workers = start_workers();
  for (int i = 0; kFixed && i < 4; ++i) results.pop();
  for (std::thread& worker : workers) worker.join();
}
