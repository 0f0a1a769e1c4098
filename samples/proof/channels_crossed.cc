// what: Two threads wait for each other through two semaphores that only they know.
// expect: stuck-task proved count=1 created_by=start_pair blocked_in=feed
// expect: stuck-task proved count=1 created_by=start_pair blocked_in=drain
#include <latch>
#include <memory>
#include <semaphore>
#include <thread>

static std::latch waiting(2);

struct Link {
  std::counting_semaphore<> room{0}, items{0};
};

void feed(std::shared_ptr<Link> link) {
  waiting.count_down();
  link->room.acquire();
  link->items.release();
}

void drain(std::shared_ptr<Link> link) {
  waiting.count_down();
  link->items.acquire();
  link->room.release();
}

void start_pair() {
  auto link = std::make_shared<Link>();
  std::thread(feed, link).detach();
  std::thread(drain, link).detach();
}

int main() {
  start_pair();
  waiting.wait();
}
