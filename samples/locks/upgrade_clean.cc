// what: Two readers let go of the lock before they become writers.
// expect: clean
#include <barrier>
#include <shared_mutex>
#include <thread>

static std::shared_mutex table;
static std::barrier both_read(2);

void refresh() {
  table.lock_shared();
  both_read.arrive_and_wait();
  table.unlock_shared();
  table.lock();
  table.unlock();
}

int main() {
  std::jthread first(refresh);
  std::jthread second(refresh);
}
