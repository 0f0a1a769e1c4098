// what: The ticker is stopped, which ends its thread, but not those who wait for the next tick.
// expect: stuck-task created_by=start_reporter
#include "samples/kernels/kernel.h"

static std::latch reported(1);

void tick(std::shared_ptr<Queue<int>> ticks, std::stop_token stop) {
  for (int i = 0; !stop.stop_requested(); ++i) ticks->push(i);
  if (kFixed) ticks->close();
}

void report(std::shared_ptr<Queue<int>> ticks, std::stop_source ticker) {
  while (ticks->pop()) {
    if (ticker.request_stop()) reported.count_down();
  }
}

void start_reporter(Threads& threads, const std::shared_ptr<Queue<int>>& ticks,
                    const std::stop_source& ticker) {
  threads.start(report, ticks, ticker);
}

int main() {
  auto ticks = std::make_shared<Queue<int>>(100);
  std::stop_source ticker;
  std::thread thread(tick, ticks, ticker.get_token());
  Threads threads;
  start_reporter(threads, ticks, ticker);
  reported.wait();
  thread.join();
}
