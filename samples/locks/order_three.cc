// what: Three threads take three locks in a ring, one after the other.
// expect: lock-order suspected count=3 blocked_in=take_both
#include <latch>
#include <mutex>
#include <thread>

static std::mutex north, east, south;
static std::latch turns[] = {std::latch(1), std::latch(1), std::latch(1)};

void take_both(std::mutex& first, std::mutex& second, int turn) {
  if (turn > 0) turns[turn - 1].wait();
  {
    std::lock_guard one(first);
    std::lock_guard other(second);
  }
  turns[turn].count_down();
  turns[2].wait();
}

int main() {
  std::jthread a(take_both, std::ref(north), std::ref(east), 0);
  std::jthread b(take_both, std::ref(east), std::ref(south), 1);
  std::jthread c(take_both, std::ref(south), std::ref(north), 2);
}
