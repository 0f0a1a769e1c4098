// what: Two coroutines lock two accounts, both the same one first.
// expect: clean
// flags: -Ilibtrack/include
#include "samples/support/traced_mutex.h"
#include "samples/support/traced_task.h"

static traced::mutex savings("savings"), checking("checking");
static traced::event first, second;
static int transfers = 0;

static traced::task transfer(traced::mutex& from, traced::mutex& to, traced::event& settled) {
  co_await from.lock();
  co_await settled;
  co_await to.lock();
  ++transfers;
  to.unlock();
  from.unlock();
}

int main() {
  const traced::task::handle one = transfer(savings, checking, first).release();
  const traced::task::handle other = transfer(savings, checking, second).release();
  one.resume();
  other.resume();
  first.set();
  second.set();
  one.destroy();
  other.destroy();
  return transfers == 2 ? 0 : 1;
}
