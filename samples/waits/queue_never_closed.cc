// what: Workers loop on pop(); the producer is done but never calls close() (S02).
// expect: stuck-task|outlived-task proved|suspected count=3 created_by=start_workers
#include <memory>
#include <thread>

#include "samples/support/queue.h"

void work(std::shared_ptr<Queue<int>> jobs) {
  int sum = 0;
  while (auto job = jobs->pop()) sum += *job;
}

void start_workers(const std::shared_ptr<Queue<int>>& jobs) {
  for (int i = 0; i < 3; ++i) std::thread(work, jobs).detach();
}

int main() {
  auto jobs = std::make_shared<Queue<int>>(4);
  start_workers(jobs);
  for (int i = 0; i < 10; ++i) jobs->push(i);
  jobs->await_blocked(3, false);
}
