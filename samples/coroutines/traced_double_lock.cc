// what: Who holds a lock awaits one who wants it: among coroutines that tell what they wait for.
// expect: deadlock likely count=2
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
  co_await book();
  accounts.unlock();
}

int main() {
  const traced::task::handle day = close_the_day().release();
  day.resume();
  return booked;
}
