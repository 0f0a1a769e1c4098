// what: A reader parks without its lock; the writer gets in.
// expect: clean
#include <shared_mutex>
#include <thread>

#include "samples/support/queue.h"

static std::shared_mutex prices;
static Queue<int> confirmations(1);

void print_report() {
  { std::shared_lock lock(prices); }
  confirmations.pop();
}

void update_prices() {
  std::unique_lock lock(prices);
}

int main() {
  std::jthread report(print_report);
  confirmations.await_blocked(1, false);
  std::jthread update(update_prices);
  update.join();
  confirmations.close();
}
