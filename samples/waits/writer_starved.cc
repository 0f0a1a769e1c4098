// what: A reader parks with its lock held, so the writer of the std::shared_mutex starves (S25).
// expect: outlived-task suspected count=1 created_by=start_report blocked_in=print_report
// expect: outlived-task suspected count=1 created_by=start_update blocked_in=update_prices
#include <latch>
#include <memory>
#include <shared_mutex>
#include <thread>

#include "samples/support/queue.h"

static std::shared_mutex prices;
static auto& confirmations = *new Queue<int>(1);
static std::latch updating(1);

void print_report() {
  std::shared_lock lock(prices);
  confirmations.pop();
}

void update_prices() {
  updating.count_down();
  std::unique_lock lock(prices);
}

void start_report() {
  std::thread(print_report).detach();
}
void start_update() {
  std::thread(update_prices).detach();
}

int main() {
  start_report();
  confirmations.await_blocked(1, false);
  start_update();
  updating.wait();
}
