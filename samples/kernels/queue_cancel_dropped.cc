// what: The only stop source goes out of scope without a request.
// expect: stuck-task created_by=start_streamer
#include "samples/kernels/kernel.h"

static std::latch streaming(1);

void stream(std::stop_token stop) {
  StopQueue<int> chunks(1);
  streaming.count_down();
  while (chunks.push(1, stop)) {
  }
}

void start_streamer(Threads& threads, std::stop_token stop) {
  threads.start(stream, stop);
}

int main() {
  Threads threads;
  std::stop_source stop;
  start_streamer(threads, stop.get_token());
  streaming.wait();
  if (kFixed) stop.request_stop();
}
