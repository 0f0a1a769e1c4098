// what: Two semaphores used as locks are taken in two orders.
// expect: stuck-task|deadlock created_by=start_transfers
#include <semaphore.h>

#include "samples/kernels/kernel.h"

struct Account {
  Account() { sem_init(&free, 0, 1); }
  ~Account() { sem_destroy(&free); }
  sem_t free;
  int money = 100;
};

static std::latch first_taken(2);

void transfer(std::shared_ptr<Account> from, std::shared_ptr<Account> to) {
  if (kFixed && to < from) std::swap(from, to);
  sem_wait(&from->free);
  first_taken.count_down();
  if (!kFixed) first_taken.wait();
  sem_wait(&to->free);
  --from->money;
  ++to->money;
  sem_post(&to->free);
  sem_post(&from->free);
}

void start_transfers(Threads& threads, const std::shared_ptr<Account>& a,
                     const std::shared_ptr<Account>& b) {
  threads.start(transfer, a, b);
  threads.start(transfer, b, a);
}

int main() {
  auto a = std::make_shared<Account>(), b = std::make_shared<Account>();
  Threads threads;
  start_transfers(threads, a, b);
  first_taken.wait();
}
