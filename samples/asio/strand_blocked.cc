// what: A handler blocks its strand for a reply that is queued behind it in that strand (S19, S25).
// expect: pool-exhausted proved count=1 created_by=make_pool blocked_in=wait_for_reply
// libs: asio
#include <latch>

#include "samples/support/asio.h"

static std::latch waiting(1);

asio::thread_pool& make_pool() {
  return *new asio::thread_pool(1);
}

void wait_for_reply(std::future<void> reply) {
  waiting.count_down();
  reply.get();
}

int main() {
  auto strand = asio::make_strand(make_pool());
  auto* reply = new std::promise<void>;
  asio::post(strand, [reply] { wait_for_reply(reply->get_future()); });
  asio::post(strand, [reply] { reply->set_value(); });
  waiting.wait();
}
