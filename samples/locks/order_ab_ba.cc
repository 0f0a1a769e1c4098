// what: Two threads take two locks in opposite orders, one after the other: nothing hangs.
// expect: lock-order suspected count=2 blocked_in=pay|refund
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
    std::lock_guard second(accounts);
  }
  refunded.count_down();
}

int main() {
  std::jthread one(pay), other(refund);
}
