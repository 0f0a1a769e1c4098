// what: The workers of a pool of the program's own wait for a job of their own queue.
// expect: pool-exhausted proved count=2 created_by=make_pool blocked_in=decode
// flags: -Ilibtrack/include
#include <latch>

#include "samples/support/job_pool.h"

static std::latch decoding(2);

JobPool& make_pool(int workers) {
  return *new JobPool("decoders", workers);
}

void decode(std::shared_future<int> key) {
  decoding.count_down();
  key.get();
}

int main() {
  JobPool& decoders = make_pool(2);
  auto key = std::make_shared<std::promise<int>>();
  std::shared_future<int> reply = key->get_future().share();
  for (int i = 0; i < 2; ++i) decoders.post([reply] { decode(reply); });
  decoders.post([key = std::move(key)] { key->set_value(7); });
  reply = {};
  decoding.wait();
}
