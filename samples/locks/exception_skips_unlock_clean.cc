// what: Three threads throw under a lock_guard, each with its own shard.
// expect: clean
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
    std::lock_guard lock(shard.mutex);
    shard.rows.at(0) = 1;
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
