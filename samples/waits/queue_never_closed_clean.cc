// what: Workers loop on pop() until the producer closes the queue, and are joined.
// expect: clean
#include <thread>
#include <vector>

#include "samples/support/queue.h"

void work(Queue<int>& jobs) {
  int sum = 0;
  while (auto job = jobs.pop()) sum += *job;
}

int main() {
  Queue<int> jobs(4);
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) workers.emplace_back(work, std::ref(jobs));
  for (int i = 0; i < 10; ++i) jobs.push(i);
  jobs.close();
  for (std::thread& worker : workers) worker.join();
}
