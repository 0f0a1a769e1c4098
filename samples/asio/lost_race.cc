// what: A race of an answer and a timer is decided, but the loser's timer is never cancelled (S05).
// expect: outlived-task suspected count=1 created_by=deadline
// libs: asio
#include "samples/support/asio.h"

static int answers = 0;

asio::awaitable<void> deadline(asio::io_context& io) {
  asio::steady_timer timer(io, std::chrono::hours(1));
  co_await timer.async_wait(asio::use_awaitable);
  answers -= 1;
}

asio::awaitable<void> answer(asio::io_context& io) {
  co_await asio::post(io, asio::use_awaitable);
  answers += 1;
}

void race(asio::io_context& io) {
  asio::co_spawn(io, deadline(io), asio::detached);
  asio::co_spawn(io, answer(io), asio::detached);
}

int main() {
  auto* io = new asio::io_context;
  race(*io);
  while (answers == 0) io->poll();
  return answers == 1 ? 0 : 1;
}
