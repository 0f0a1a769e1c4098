// what: A child makes its own stop source; the parent's request never gets there.
// expect: stuck-task created_by=start_child
#include "samples/kernels/kernel.h"

struct Request {
  StopQueue<int> rows{1};
  std::stop_source stop;
};

static std::latch reading(1);

void read_rows(std::shared_ptr<Request> request) {
  std::stop_source own;
  reading.count_down();
  request->rows.pop(kFixed ? request->stop.get_token() : own.get_token());
}

void start_child(Threads& threads, const std::shared_ptr<Request>& request) {
  threads.start(read_rows, request);
}

int main() {
  auto request = std::make_shared<Request>();
  Threads threads;
  start_child(threads, request);
  reading.wait();
  request->stop.request_stop();
}
