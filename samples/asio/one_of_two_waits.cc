// what: Two waits are joined with &&; one of them never ends (S08).
// expect: outlived-task suspected count=1 created_by=wait_for_both
// expect: outlived-task suspected count=1 created_by=wait_for
// libs: asio
#include <asio/experimental/awaitable_operators.hpp>

#include "samples/support/asio.h"

using namespace asio::experimental::awaitable_operators;
using Timer = asio::steady_timer;

asio::awaitable<void> wait_for(Timer& timer) {
  asio::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

asio::awaitable<void> wait_for_both(Timer& first, Timer& second) {
  co_await (wait_for(first) && wait_for(second));
}

int main() {
  static auto& io = *new asio::io_context;
  static auto& first = *new Timer(io, Timer::time_point::max());
  static auto& second = *new Timer(io, Timer::time_point::max());
  asio::co_spawn(io, wait_for_both(first, second), asio::detached);
  while (io.poll() > 0) {
  }
  first.cancel();
  while (io.poll() > 0) {
  }
}
