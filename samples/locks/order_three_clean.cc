// what: One thread alone takes three locks in a ring; another one takes none of them.
// expect: clean
#include <latch>
#include <mutex>
#include <thread>

static std::mutex north, east, south;
static std::latch done(1);

void take_both(std::mutex& first, std::mutex& second) {
  std::lock_guard one(first);
  std::lock_guard other(second);
}

void walk_around() {
  take_both(north, east);
  take_both(east, south);
  take_both(south, north);
  done.count_down();
}

int main() {
  std::jthread walker(walk_around), watcher([] { done.wait(); });
}
