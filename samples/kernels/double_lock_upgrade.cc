// what: A reader of a shared_mutex asks for the writer's lock while it still reads.
// expect: deadlock created_by=start_refresher
#include "samples/kernels/kernel.h"

struct Cache {
  std::shared_mutex mutex;
  std::map<int, int> entries;
};

static std::latch refreshing(1);

void refresh(std::shared_ptr<Cache> cache) {
  std::shared_lock reading(cache->mutex);
  const bool missing = cache->entries.count(1) == 0;
  if (kFixed) reading.unlock();
  refreshing.count_down();
  if (!missing) return;
  std::unique_lock writing(cache->mutex);
  cache->entries[1] = 1;
}

void start_refresher(Threads& threads) {
  threads.start(refresh, std::make_shared<Cache>());
}

int main() {
  Threads threads;
  start_refresher(threads);
  refreshing.wait();
}
