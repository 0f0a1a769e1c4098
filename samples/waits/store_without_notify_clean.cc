// what: The store is followed by a notification.
// expect: clean
#include <atomic>
#include <thread>

int main() {
  std::atomic<int> version = 0;
  std::jthread reader([&] { version.wait(0); });
  version.store(1);
  version.notify_one();
}
