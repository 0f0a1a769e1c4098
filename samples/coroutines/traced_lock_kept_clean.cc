// what: A coroutine returns early and gives its lock back.
// expect: clean
// flags: -Ilibtrack/include
#include "samples/support/traced_mutex.h"
#include "samples/support/traced_task.h"

static traced::mutex accounts("accounts");
static int booked = 0;

static traced::task book(int amount) {
  co_await accounts.lock();
  if (amount < 0) {
    accounts.unlock();
    co_return;
  }
  booked += amount;
  accounts.unlock();
}

static void start(int amount) {
  const traced::task::handle booking = book(amount).release();
  booking.resume();
  if (booking.done()) booking.destroy();
}

int main() {
  for (const int amount : {5, -3, 7, 2}) start(amount);
  return booked == 14 ? 0 : 1;
}
