// what: The worker hears of the cancellation only between two jobs, and its queue stays empty.
// expect: stuck-task created_by=start_worker
#include "samples/kernels/kernel.h"

struct Service {
  StopQueue<int> jobs{1};
  std::stop_source stop;
};

static std::latch working(1);

void work(std::shared_ptr<Service> service) {
  working.count_down();
  while (!service->stop.stop_requested())
    kFixed ? service->jobs.pop(service->stop.get_token()) : service->jobs.pop();
}

void start_worker(Threads& threads, const std::shared_ptr<Service>& service) {
  threads.start(work, service);
}

int main() {
  auto service = std::make_shared<Service>();
  Threads threads;
  start_worker(threads, service);
  working.wait();
  service->stop.request_stop();
}
