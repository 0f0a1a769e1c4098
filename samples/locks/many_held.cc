// what: Two threads that hold a hundred locks each lock the same two more in opposite order.
// expect: deadlock proved count=2 created_by=main blocked_in=settle
#include <barrier>
#include <latch>
#include <mutex>
#include <thread>

static std::mutex own[2][100], accounts, journal;
static std::barrier both_hold_one(2);
static std::latch wanting_second(2);

void settle(std::mutex& first, std::mutex& second) {
  std::lock_guard one(first);
  both_hold_one.arrive_and_wait();
  wanting_second.count_down();
  std::lock_guard other(second);
}

int main() {
  for (int i = 0; i < 2; ++i)
    std::thread([i] {
      for (std::mutex& mutex : own[i]) mutex.lock();
      settle(i == 0 ? accounts : journal, i == 0 ? journal : accounts);
    }).detach();
  wanting_second.wait();
}
