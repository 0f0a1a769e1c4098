// what: Three threads throw between lock() and unlock(), each with its own shard (S09).
// expect: lock-held-at-exit proved count=3 created_by=rebalance
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

struct Shard {
  std::mutex mutex;
  std::vector<int> rows;
};

static Shard shards[3];

void move_row(Shard& shard) {
  try {
    shard.mutex.lock();
    shard.rows.at(0) = 1;
    shard.mutex.unlock();
  } catch (const std::out_of_range&) {
  }
}

void rebalance() {
  std::vector<std::thread> movers;
  for (Shard& shard : shards) movers.emplace_back(move_row, std::ref(shard));
  for (std::thread& mover : movers) mover.join();
}

int main() {
  rebalance();
}
