// what: Three philosophers each hold the left fork and want the right one (S11).
// expect: deadlock proved count=3 created_by=seat_philosophers blocked_in=dine
#include <barrier>
#include <latch>
#include <mutex>
#include <thread>

static std::mutex forks[3];
static std::barrier all_hold_one(3);
static std::latch wanting_second(3);

void dine(int seat) {
  std::lock_guard left(forks[seat]);
  all_hold_one.arrive_and_wait();
  wanting_second.count_down();
  std::lock_guard right(forks[(seat + 1) % 3]);
}

void seat_philosophers() {
  for (int seat = 0; seat < 3; ++seat) std::thread(dine, seat).detach();
}

int main() {
  seat_philosophers();
  wanting_second.wait();
}
