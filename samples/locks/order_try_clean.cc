// what: Against the usual order a lock is only tried; and two locks are taken at once.
// expect: clean
#include <latch>
#include <mutex>
#include <thread>

static std::mutex accounts, journal;
static std::latch paid(1), refunded(1);

void pay() {
  {
    std::lock_guard first(accounts);
    std::lock_guard second(journal);
  }
  paid.count_down();
  refunded.wait();
}

void refund() {
  paid.wait();
  {
    std::lock_guard first(journal);
    std::unique_lock second(accounts, std::try_to_lock);
  }
  { std::scoped_lock both(journal, accounts); }
  refunded.count_down();
}

int main() {
  std::jthread one(pay), other(refund);
}
