// what: A thread waits on an std::atomic that is never stored nor notified (S12).
// expect: outlived-task suspected count=1 created_by=start_reader blocked_in=await_version
#include <atomic>
#include <latch>
#include <thread>

static std::atomic<int> version = 0;
static std::latch waiting(1);

void await_version() {
  waiting.count_down();
  version.wait(0);
}

void start_reader() {
  std::thread(await_version).detach();
}

int main() {
  start_reader();
  waiting.wait();
}
