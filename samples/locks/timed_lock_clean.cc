// what: Two threads hold a lock each and time out on the other's; both give up.
// expect: clean
#include <barrier>
#include <chrono>
#include <mutex>
#include <thread>

static std::timed_mutex folders[2];
static std::barrier both(2);

void move_file(int from) {
  std::lock_guard source(folders[from]);
  both.arrive_and_wait();
  if (folders[1 - from].try_lock_for(std::chrono::milliseconds(20))) folders[1 - from].unlock();
  both.arrive_and_wait();
}

int main() {
  std::jthread there(move_file, 0);
  std::jthread back(move_file, 1);
}
