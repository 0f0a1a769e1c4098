// what: The io_context threads run on: their work guard is never reset, nobody calls stop() (S22).
// expect: stuck-task proved count=2 created_by=start_io blocked_in=run_io
// libs: asio
#include <latch>
#include <thread>

#include "samples/support/asio.h"

static std::latch running(2);

void run_io(asio::io_context& io) {
  io.run();
}

void start_io(asio::io_context& io) {
  for (int i = 0; i < 2; ++i) std::thread(run_io, std::ref(io)).detach();
}

int main() {
  auto* io = new asio::io_context(2);
  new auto(asio::make_work_guard(*io));
  start_io(*io);
  for (int i = 0; i < 2; ++i) asio::post(*io, [] { running.arrive_and_wait(); });
  running.wait();
}
