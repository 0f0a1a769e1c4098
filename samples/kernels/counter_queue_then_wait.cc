// what: The collector waits for all workers before it reads what they send; the test times out.
// expect: stuck-task created_by=start_workers
// expect: stuck-task blocked_in=main
// options: --timeout 1s
#include "samples/kernels/kernel.h"

std::vector<std::jthread> start_workers(WaitGroup& group, Queue<int>& results) {
  std::vector<std::jthread> workers;
  for (int i = 0; i < 3; ++i)
    workers.emplace_back([&group, &results, i] {
      results.push(i);
      group.done();
    });
  return workers;
}

int main() {
  WaitGroup group;
  Queue<int> results(1);
  group.add(3);
  std::vector<std::jthread> workers = start_workers(group, results);
  if (!kFixed) group.wait();
  for (int i = 0; i < 3; ++i) results.pop();
}
