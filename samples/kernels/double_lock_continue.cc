// what: A loop goes on to the next round without unlocking.
// expect: deadlock created_by=start_sweeper
#include "samples/kernels/kernel.h"

struct Table {
  std::mutex mutex;
  std::vector<int> rows{1, 2, 3};
  int swept = 0;
};

static std::latch sweeping(1);

void sweep(std::shared_ptr<Table> table) {
  for (const int row : table->rows) {
    if (row == 2) sweeping.count_down();
    table->mutex.lock();
    if (row % 2 == 1) {
      if (kFixed) table->mutex.unlock();
      continue;
    }
    ++table->swept;
    table->mutex.unlock();
  }
}

void start_sweeper(Threads& threads) {
  threads.start(sweep, std::make_shared<Table>());
}

int main() {
  Threads threads;
  start_sweeper(threads);
  sweeping.wait();
}
