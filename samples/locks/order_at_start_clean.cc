// what: main takes locks in one order before and after it has a thread that reverses it.
// expect: clean
#include <mutex>
#include <thread>

static std::mutex settings, cache;

void warm_up() {
  std::lock_guard first(settings);
  std::lock_guard second(cache);
}

void refresh() {
  std::lock_guard first(cache);
  std::lock_guard second(settings);
}

int main() {
  for (int i = 0; i < 3; ++i) {
    warm_up();
    std::thread(refresh).join();
  }
  warm_up();
}
