// what: Two detached transfers lock the same two accounts in opposite order (S11).
// expect: deadlock proved count=2 created_by=start_transfers blocked_in=transfer
#include <barrier>
#include <latch>
#include <mutex>
#include <thread>

struct Account {
  std::mutex mutex;
  int balance = 100;
};

static Account savings, salary;
static std::barrier both_hold_one(2);
static std::latch wanting_second(2);

void transfer(Account& from, Account& to, int amount) {
  std::lock_guard first(from.mutex);
  both_hold_one.arrive_and_wait();
  wanting_second.count_down();
  std::lock_guard second(to.mutex);
  from.balance -= amount;
  to.balance += amount;
}

void start_transfers() {
  std::thread(transfer, std::ref(savings), std::ref(salary), 10).detach();
  std::thread(transfer, std::ref(salary), std::ref(savings), 20).detach();
}

int main() {
  start_transfers();
  wanting_second.wait();
}
