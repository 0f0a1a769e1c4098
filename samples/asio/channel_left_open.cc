// what: The producer ends without closing the channel: its consumer waits for ever (S07).
// expect: outlived-task suspected count=1 created_by=consume
// libs: asio
#include <asio/experimental/channel.hpp>

#include "samples/support/asio.h"

using Numbers = asio::experimental::channel<void(asio::error_code, int)>;

asio::awaitable<void> produce(Numbers& numbers) {
  for (int i = 0; i < 3; ++i)
    co_await numbers.async_send(asio::error_code(), i, asio::use_awaitable);
}

asio::awaitable<void> consume(Numbers& numbers) {
  asio::error_code error;
  while (!error) {
    auto done = asio::redirect_error(asio::use_awaitable, error);
    co_await numbers.async_receive(done);
  }
}

int main() {
  static auto& io = *new asio::io_context;
  static auto& numbers = *new Numbers(io, 0);
  asio::co_spawn(io, produce(numbers), asio::detached);
  asio::co_spawn(io, consume(numbers), asio::detached);
  while (io.poll() > 0) {
  }
}
