// what: A race of an answer and a timer is decided, and the winner cancels the timer.
// expect: clean
// libs: asio
#include "samples/support/asio.h"

static int answers = 0;

asio::awaitable<void> deadline(asio::steady_timer& timer) {
  asio::error_code cancelled;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  if (!cancelled) answers -= 1;
}

asio::awaitable<void> answer(asio::steady_timer& timer) {
  co_await asio::post(timer.get_executor(), asio::use_awaitable);
  answers += 1;
  timer.cancel();
}

int main() {
  asio::io_context io;
  asio::steady_timer timer(io, std::chrono::hours(1));
  asio::co_spawn(io, deadline(timer), asio::detached);
  asio::co_spawn(io, answer(timer), asio::detached);
  io.run();
  return answers == 1 ? 0 : 1;
}
