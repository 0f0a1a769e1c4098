// what: Two coroutines lock two accounts in opposite order.
// expect: deadlock likely count=2
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
  const traced::task::handle other = transfer(checking, savings, second).release();
  one.resume();
  other.resume();
  first.set();
  second.set();
  return transfers;
}
