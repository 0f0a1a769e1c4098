// what: Who has held a lock awaits one who wants it, among coroutines that tell.
// expect: clean
// flags: -Ilibtrack/include
#include "samples/support/traced_mutex.h"
#include "samples/support/traced_task.h"

static traced::mutex accounts("accounts");
static int booked = 0;

static traced::task book() {
  co_await accounts.lock();
  ++booked;
  accounts.unlock();
}

static traced::task close_the_day() {
  co_await accounts.lock();
  accounts.unlock();
  co_await book();
}

int main() {
  const traced::task::handle day = close_the_day().release();
  day.resume();
  day.destroy();
  return booked == 1 ? 0 : 1;
}
