// what: A worker's exception is swallowed before it counts down; two others wait at the latch.
// expect: stuck-task created_by=start_shard
#include "samples/kernels/kernel.h"

static std::latch broken(1);

void load_shard(int number, std::latch& loaded) {
  if (number == 0) {
    if (kFixed) loaded.count_down();
    broken.count_down();
    throw std::runtime_error("shard 0 is damaged");
  }
  loaded.arrive_and_wait();
}

[[gnu::noinline]] void start_shard(Threads& threads, int number,
                                   std::shared_ptr<std::latch> loaded) {
  threads.start([number, loaded] {
    try {
      load_shard(number, *loaded);
    } catch (const std::exception&) {
    }
  });
}

int main() {
  Threads threads;
  auto loaded = std::make_shared<std::latch>(3);
  for (int i = 0; i < 3; ++i) start_shard(threads, i, loaded);
  loaded.reset();
  broken.wait();
}
