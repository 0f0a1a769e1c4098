// what: A handler on the only thread of an asio::thread_pool waits for another handler (S20).
// expect: pool-exhausted proved count=1 created_by=make_pool blocked_in=handle_upload
// libs: asio
#include <latch>

#include "samples/support/asio.h"

static std::latch handling(1);

asio::thread_pool& make_pool() {
  return *new asio::thread_pool(1);
}

void handle_upload(asio::thread_pool& pool) {
  std::future<int> size = asio::post(pool, asio::use_future([] { return 42; }));
  handling.count_down();
  size.get();
}

int main() {
  asio::thread_pool& pool = make_pool();
  asio::post(pool, [&pool] { handle_upload(pool); });
  handling.wait();
}
