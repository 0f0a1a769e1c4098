// what: A thread returns with the lock held; the next one waits for it.
// expect: lock-held-at-exit created_by=start_first
// expect: stuck-task created_by=start_second
#include "samples/kernels/kernel.h"

struct Ledger {
  std::mutex mutex;
  int balance = 0;
};

void withdraw(Ledger& ledger, int amount) {
  ledger.mutex.lock();
  if (ledger.balance < amount && !kFixed) return;
  ledger.balance -= amount;
  ledger.mutex.unlock();
}

static std::latch second(1);

void start_first(const std::shared_ptr<Ledger>& ledger) {
  std::thread([ledger] { withdraw(*ledger, 10); }).join();
}

void start_second(Threads& threads, const std::shared_ptr<Ledger>& ledger) {
  threads.start([ledger] {
    second.count_down();
    withdraw(*ledger, 0);
  });
}

int main() {
  auto ledger = std::make_shared<Ledger>();
  Threads threads;
  start_first(ledger);
  start_second(threads, ledger);
  second.wait();
}
