// what: Two threads take two spin locks of the program's own in opposite orders; both tell so.
// expect: deadlock likely count=2 created_by=start_transfers blocked_in=SpinLock::lock|transfer
// flags: -Ilibtrack/include
#include <latch>

#include "samples/support/told_lock.h"

SpinLock savings{"savings"}, current{"current"};
std::latch both{2}, wanting_second{2};

void transfer(SpinLock& from, SpinLock& to) {
  from.lock();
  both.arrive_and_wait();
  wanting_second.count_down();
  to.lock();
  to.unlock();
  from.unlock();
}

void start_transfers() {
  std::thread(transfer, std::ref(savings), std::ref(current)).detach();
  std::thread(transfer, std::ref(current), std::ref(savings)).detach();
}

int main() {
  start_transfers();
  wanting_second.wait();
}
