// what: A detached supervisor joins its worker under the lock that the worker needs (S11).
// expect: deadlock proved count=2 created_by=supervis blocked_in=supervise|work
#include <latch>
#include <mutex>
#include <thread>

static std::mutex state;
static std::latch joining(1), working(1);

void work() {
  joining.wait();
  working.count_down();
  std::lock_guard lock(state);
}

void supervise() {
  std::lock_guard lock(state);
  std::thread worker(work);
  joining.count_down();
  worker.join();
}

void start_supervisor() {
  std::thread(supervise).detach();
}

int main() {
  start_supervisor();
  working.wait();
}
