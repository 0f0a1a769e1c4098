// what: request_stop() under a mutex runs the callback that takes the same mutex.
// expect: deadlock created_by=start_control
#include "samples/kernels/kernel.h"

struct Job {
  std::mutex mutex;
  std::stop_source source;
  bool stopped = false;
  std::latch stopping{1};
};

[[gnu::noinline]] void start_control(Threads& threads, const std::shared_ptr<Job>& job) {
  threads.start([job] {
    std::stop_callback on_stop(job->source.get_token(), [&] {
      std::lock_guard lock(job->mutex);
      job->stopped = true;
    });
    std::unique_lock lock(job->mutex);
    job->stopping.count_down();
    if (kFixed) lock.unlock();
    job->source.request_stop();
  });
}

int main() {
  Threads threads;
  auto job = std::make_shared<Job>();
  start_control(threads, job);
  job->stopping.wait();
}
