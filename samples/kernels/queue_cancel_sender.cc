// what: The caller is cancelled; the sender's push does not listen to that.
// expect: stuck-task created_by=start_sender
#include "samples/kernels/kernel.h"

struct Watch {
  StopQueue<int> events{1};
  std::stop_source stop;
};

static std::latch sending(1);

void send_events(std::shared_ptr<Watch> watch) {
  sending.count_down();
  for (bool open = true; open;)
    open = kFixed ? watch->events.push(1, watch->stop.get_token()) : watch->events.push(1);
}

void start_sender(Threads& threads, const std::shared_ptr<Watch>& watch) {
  threads.start(send_events, watch);
}

int main() {
  auto watch = std::make_shared<Watch>();
  Threads threads;
  start_sender(threads, watch);
  sending.wait();
  watch->events.pop();
  watch->stop.request_stop();
}
