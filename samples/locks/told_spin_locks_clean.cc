// what: Two threads take two spin locks of the program's own in one order; both tell so.
// expect: clean
// flags: -Ilibtrack/include
#include <vector>

#include "samples/support/told_lock.h"

SpinLock savings{"savings"}, current{"current"};

void transfer(SpinLock& from, SpinLock& to) {
  for (int i = 0; i < 1000; ++i) {
    from.lock();
    to.lock();
    to.unlock();
    from.unlock();
  }
}

int main() {
  std::vector<std::thread> transfers;
  for (int i = 0; i < 2; ++i)
    transfers.emplace_back(transfer, std::ref(savings), std::ref(current));
  for (std::thread& one : transfers) one.join();
}
