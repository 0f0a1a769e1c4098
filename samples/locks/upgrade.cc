// what: Two readers of a std::shared_mutex both want to become the writer (S11).
// expect: deadlock proved count=2 created_by=start_refreshes blocked_in=refresh
#include <barrier>
#include <latch>
#include <shared_mutex>
#include <thread>

static std::shared_mutex table;
static std::barrier both_read(2);
static std::latch upgrading(2);

void refresh() {
  table.lock_shared();
  both_read.arrive_and_wait();
  upgrading.count_down();
  table.lock();
  table.unlock();
  table.unlock_shared();
}

void start_refreshes() {
  for (int i = 0; i < 2; ++i) std::thread(refresh).detach();
}

int main() {
  start_refreshes();
  upgrading.wait();
}
