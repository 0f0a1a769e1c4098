// what: The collector waits for a condition before it drains; the worker fills the queue first.
// expect: stuck-task created_by=start_worker
// expect: stuck-task created_by=start_collector
#include "samples/kernels/kernel.h"

struct Job {
  Queue<int> results{1};
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
};

static std::latch running(2);

void work(std::shared_ptr<Job> job) {
  job->results.push(1);
  running.count_down();
  if (kFixed) job->results.pop();
  job->results.push(2);
  std::lock_guard lock(job->mutex);
  job->done = true;
  job->changed.notify_all();
}

void collect(std::shared_ptr<Job> job) {
  std::unique_lock lock(job->mutex);
  running.count_down();
  job->changed.wait(lock, [&] { return job->done; });
  job->results.pop();
}

void start_worker(Threads& threads, const std::shared_ptr<Job>& job) {
  threads.start(work, job);
}

void start_collector(Threads& threads, const std::shared_ptr<Job>& job) {
  threads.start(collect, job);
}

int main() {
  auto job = std::make_shared<Job>();
  Threads threads;
  start_worker(threads, job);
  start_collector(threads, job);
  running.wait();
}
