// what: A reader reads again while a writer waits: std::shared_mutex prefers readers, so it may.
// expect: clean
#include <latch>
#include <shared_mutex>
#include <thread>

static std::shared_mutex settings;
static std::latch reading(1), writing(1);

void read_twice() {
  std::shared_lock outer(settings);
  reading.count_down();
  writing.wait();
  std::shared_lock inner(settings);
}

void update() {
  reading.wait();
  writing.count_down();
  std::lock_guard lock(settings);
}

int main() {
  std::jthread reader(read_twice);
  std::jthread writer(update);
}
