// what: Three philosophers invert the fork order, but only under a common gate lock.
// expect: clean
#include <mutex>
#include <thread>
#include <vector>

static std::mutex table;
static std::mutex forks[3];

void dine(int seat) {
  for (int course = 0; course < 100; ++course) {
    std::lock_guard gate(table);
    std::lock_guard left(forks[seat]);
    std::lock_guard right(forks[(seat + 1) % 3]);
  }
}

int main() {
  std::vector<std::jthread> philosophers;
  for (int seat = 0; seat < 3; ++seat) philosophers.emplace_back(dine, seat);
}
