// what: Every worker waits for a reply that only a queued job could deliver (S19).
// expect: pool-exhausted proved count=2 created_by=make_pool blocked_in=resolve
#include <latch>
#include <string>

#include "samples/support/thread_pool.h"

static std::latch resolving(2);

ThreadPool& make_pool() {
  return *new ThreadPool(2);
}

void resolve(std::shared_future<std::string> address) {
  resolving.count_down();
  address.get();
}

int main() {
  ThreadPool& pool = make_pool();
  auto* address = new std::promise<std::string>;
  std::shared_future<std::string> reply = address->get_future().share();
  for (int i = 0; i < 2; ++i) pool.post([reply] { resolve(reply); });
  pool.post([address] { address->set_value("127.0.0.1"); });
  resolving.wait();
}
