// what: Two threads take locks in one order, and wait by a system call of their own.
// expect: clean
#include <mutex>
#include <thread>

#include "samples/support/futex_lock.h"

static FutexLock savings, checking;
static int transfers = 0;

static void transfer() {
  for (int i = 0; i < 1000; ++i) {
    std::lock_guard give(savings);
    std::this_thread::yield();
    std::lock_guard take(checking);
    ++transfers;
  }
}

int main() {
  std::thread one(transfer), other(transfer);
  one.join();
  other.join();
  return transfers == 2000 ? 0 : 1;
}
