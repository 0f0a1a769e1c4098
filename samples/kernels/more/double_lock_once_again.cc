// what: The function of call_once asks for the same once_flag again.
// expect: stuck-task|deadlock created_by=start_lookup
#include "samples/kernels/kernel.h"

struct Table {
  std::once_flag built;
  std::latch building{1};

  void build() {
    building.count_down();
    if (!kFixed) lookup();
  }
  int lookup() {
    std::call_once(built, [this] { build(); });
    return 1;
  }
};

[[gnu::noinline]] void start_lookup(Threads& threads, std::shared_ptr<Table> table) {
  threads.start([table] { table->lookup(); });
}

int main() {
  Threads threads;
  auto table = std::make_shared<Table>();
  start_lookup(threads, table);
  table->building.wait();
}
