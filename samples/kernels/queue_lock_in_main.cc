// what: main locks, joins a worker, and the worker's push waits for a consumer that wants the lock.
// expect: stuck-task created_by=start_worker
// expect: stuck-task created_by=start_consumer
// expect: stuck-task blocked_in=main
// options: --timeout 1s
#include "samples/kernels/kernel.h"

struct Agent {
  std::mutex mutex;
  Queue<int> samples{1};
};

void run_worker(Agent& agent) {
  for (int i = 0; i < 3; ++i) agent.samples.push(i);
}

void run_consumer(Agent& agent) {
  for (int i = 0; i < 3; ++i) {
    std::lock_guard lock(agent.mutex);
    agent.samples.pop();
  }
}

std::thread start_worker(Agent& agent) {
  return std::thread(run_worker, std::ref(agent));
}

std::thread start_consumer(Agent& agent) {
  return std::thread(run_consumer, std::ref(agent));
}

int main() {
  Agent agent;
  std::unique_lock lock(agent.mutex);
  std::thread worker = start_worker(agent);
  std::thread consumer = start_consumer(agent);
  if (kFixed) lock.unlock();
  worker.join();
  consumer.join();
}
