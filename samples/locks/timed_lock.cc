// what: Timed mutexes do not help when they are locked without a time-out (S05, S11).
// expect: deadlock proved count=2 created_by=start_moves blocked_in=move_file
#include <barrier>
#include <latch>
#include <mutex>
#include <thread>

static std::timed_mutex folders[2];
static std::barrier both_hold_one(2);
static std::latch wanting_second(2);

void move_file(int from) {
  std::lock_guard source(folders[from]);
  both_hold_one.arrive_and_wait();
  wanting_second.count_down();
  std::lock_guard target(folders[1 - from]);
}

void start_moves() {
  for (int from = 0; from < 2; ++from) std::thread(move_file, from).detach();
}

int main() {
  start_moves();
  wanting_second.wait();
}
