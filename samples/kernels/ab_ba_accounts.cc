// what: Two transfers lock the same two accounts in opposite order.
// expect: deadlock created_by=start_transfers
#include "samples/kernels/kernel.h"

struct Account {
  std::mutex mutex;
  int balance = 10;
};

struct Bank {
  Account first, second;
  std::latch locked{2};
};

void transfer(std::shared_ptr<Bank> bank, Account& from, Account& to) {
  if (kFixed) {
    std::scoped_lock both(from.mutex, to.mutex);
    bank->locked.count_down();
    --from.balance, ++to.balance;
    return;
  }
  std::lock_guard giving(from.mutex);
  bank->locked.arrive_and_wait();
  std::lock_guard taking(to.mutex);
  --from.balance, ++to.balance;
}

void start_transfers(Threads& threads, const std::shared_ptr<Bank>& bank) {
  threads.start(transfer, bank, std::ref(bank->first), std::ref(bank->second));
  threads.start(transfer, bank, std::ref(bank->second), std::ref(bank->first));
}

int main() {
  auto bank = std::make_shared<Bank>();
  Threads threads;
  start_transfers(threads, bank);
  bank->locked.wait();
}
