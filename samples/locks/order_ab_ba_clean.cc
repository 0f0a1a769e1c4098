// what: Two threads take two locks in opposite orders, but both below a third one.
// expect: clean
#include <latch>
#include <mutex>
#include <thread>

static std::mutex books, accounts, journal;
static std::latch paid(1), refunded(1);

void pay() {
  {
    std::lock_guard gate(books);
    std::lock_guard first(accounts);
    std::lock_guard second(journal);
  }
  paid.count_down();
  refunded.wait();
}

void refund() {
  paid.wait();
  {
    std::lock_guard gate(books);
    std::lock_guard first(journal);
    std::lock_guard second(accounts);
  }
  refunded.count_down();
}

int main() {
  std::jthread one(pay), other(refund);
}
