// what: The workers of a pool wait for a job of another pool, made at the same place.
// expect: clean
// flags: -Ilibtrack/include
#include <latch>

#include "samples/support/job_pool.h"

static std::latch decoding(2);

std::unique_ptr<JobPool> make_pool(const char* name, int workers) {
  return std::make_unique<JobPool>(name, workers);
}

void decode(std::shared_future<int> key) {
  decoding.count_down();
  key.get();
}

int main() {
  const auto keepers = make_pool("keepers", 1);
  const auto decoders = make_pool("decoders", 2);
  auto key = std::make_shared<std::promise<int>>();
  std::shared_future<int> reply = key->get_future().share();
  for (int i = 0; i < 2; ++i) decoders->post([reply] { decode(reply); });
  keepers->post([key] {
    decoding.wait();
    key->set_value(7);
  });
}
