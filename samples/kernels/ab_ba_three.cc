// what: Three shards are locked in a ring.
// expect: deadlock created_by=start_merges
#include "samples/kernels/kernel.h"

struct Shards {
  std::mutex mutex[3];
  std::latch locked{3};
};

void merge(std::shared_ptr<Shards> shards, int from, int to) {
  if (kFixed && from > to) std::swap(from, to);
  std::lock_guard one(shards->mutex[from]);
  if (kFixed) shards->locked.count_down();
  if (!kFixed) shards->locked.arrive_and_wait();
  std::lock_guard other(shards->mutex[to]);
}

void start_merges(Threads& threads, const std::shared_ptr<Shards>& shards) {
  for (int i = 0; i < 3; ++i) threads.start(merge, shards, i, (i + 1) % 3);
}

int main() {
  auto shards = std::make_shared<Shards>();
  Threads threads;
  start_merges(threads, shards);
  shards->locked.wait();
}
