// what: The io_context threads end when their work guard is reset, and are joined.
// expect: clean
// libs: asio
#include <latch>
#include <thread>

#include "samples/support/asio.h"

static std::latch running(2);

void run_io(asio::io_context& io) {
  io.run();
}

int main() {
  asio::io_context io(2);
  auto guard = asio::make_work_guard(io);
  std::jthread first(run_io, std::ref(io));
  std::jthread second(run_io, std::ref(io));
  for (int i = 0; i < 2; ++i) asio::post(io, [] { running.arrive_and_wait(); });
  running.wait();
  guard.reset();
}
