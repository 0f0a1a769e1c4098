// what: A writer returns early and never sets the flag that readers wait for.
// expect: stuck-task created_by=start_readers
#include "samples/kernels/kernel.h"

struct Snapshot {
  std::atomic_flag ready;
  int rows = 0;
};

static std::latch started(3);

[[gnu::noinline]] void start_readers(std::vector<std::thread>& all,
                                     std::shared_ptr<Snapshot> snapshot) {
  for (int i = 0; i < 2; ++i)
    all.emplace_back([snapshot] {
      started.count_down();
      snapshot->ready.wait(false);
    });
}

void take_snapshot(const std::shared_ptr<Snapshot>& snapshot, bool empty) {
  started.count_down();
  if (empty && !kFixed) return;
  snapshot->rows = 7;
  snapshot->ready.test_and_set();
  snapshot->ready.notify_all();
}

int main() {
  std::vector<std::thread> all;
  {
    auto snapshot = std::make_shared<Snapshot>();
    start_readers(all, snapshot);
    all.emplace_back(take_snapshot, snapshot, true);
  }
  started.wait();
  all.back().join();
  all.pop_back();
  for (std::thread& thread : all) kFixed ? thread.join() : thread.detach();
}
