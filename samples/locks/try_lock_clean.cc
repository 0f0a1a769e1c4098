// what: Two threads take two mutexes in opposite order, with try_lock and back-off.
// expect: clean
#include <mutex>
#include <thread>

static std::mutex north, south;
static int crossings = 0;

void cross(std::mutex& near, std::mutex& far) {
  for (int crossed = 0; crossed < 1000;) {
    std::unique_lock first(near);
    std::unique_lock second(far, std::try_to_lock);
    if (second.owns_lock()) {
      crossings += 1;
      crossed += 1;
      continue;
    }
    first.unlock();
    std::this_thread::yield();
  }
}

int main() {
  {
    std::jthread one(cross, std::ref(north), std::ref(south));
    std::jthread two(cross, std::ref(south), std::ref(north));
  }
  return crossings == 2000 ? 0 : 1;
}
