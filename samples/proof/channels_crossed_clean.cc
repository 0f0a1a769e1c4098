// what: The same two, and a third that sleeps and knows the link: it may yet help them.
// expect: gate-clean
#include <chrono>
#include <latch>
#include <memory>
#include <semaphore>
#include <thread>

static std::latch waiting(3);

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

void help_later(std::shared_ptr<Link> link) {
  waiting.count_down();
  std::this_thread::sleep_for(std::chrono::hours(1));
  link->room.release();
}

void start_three() {
  auto link = std::make_shared<Link>();
  std::thread(feed, link).detach();
  std::thread(drain, link).detach();
  std::thread(help_later, link).detach();
}

int main() {
  start_three();
  waiting.wait();
}
