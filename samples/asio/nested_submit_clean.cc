// what: A coroutine on the only thread of an asio::thread_pool awaits another handler.
// expect: clean
// libs: asio
#include "samples/support/asio.h"

asio::awaitable<void> handle_upload(asio::thread_pool& pool) {
  co_await asio::post(pool, asio::use_awaitable);
}

int main() {
  asio::thread_pool pool(1);
  asio::co_spawn(pool, handle_upload(pool), asio::detached);
  pool.join();
}
