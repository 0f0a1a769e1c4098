// what: A thread waits on an std::atomic that is stored and notified.
// expect: clean
#include <atomic>
#include <thread>

static std::atomic<int> version = 0;

int main() {
  std::jthread reader([] { version.wait(0); });
  version = 1;
  version.notify_all();
}
