// what: Mutexes are created, contended and destroyed many times at the same address.
// expect: clean
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

struct Order {
  std::mutex mutex;
  int items = 0;
};

void add_items(std::shared_ptr<Order> order) {
  for (int i = 0; i < 100; ++i) {
    std::lock_guard lock(order->mutex);
    order->items += 1;
  }
}

int main() {
  for (int i = 0; i < 50; ++i) {
    auto order = std::make_shared<Order>();
    std::jthread one(add_items, order);
    std::jthread two(add_items, std::move(order));
  }
}
