// what: A handler of a strand waits for a reply that comes from outside the strand.
// expect: clean
// libs: asio
#include "samples/support/asio.h"

void wait_for_reply(std::future<void> reply) {
  reply.get();
}

int main() {
  asio::thread_pool pool(2);
  auto strand = asio::make_strand(pool);
  std::promise<void> reply;
  asio::post(strand, [&reply] { wait_for_reply(reply.get_future()); });
  asio::post(pool, [&reply] { reply.set_value(); });
  pool.join();
}
