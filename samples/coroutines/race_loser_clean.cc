// what: A reply and a deadline race; the loser wakes up, sees that it lost, and ends.
// expect: clean
#include "samples/support/task.h"

static co::event deadline_passed;
static int winners = 0;

co::detached race(co::event& source, bool& decided) {
  co_await source;
  if (!decided) winners += 1;
  decided = true;
}

void fetch_with_deadline() {
  co::event reply;
  static bool decided[3];
  for (bool& request : decided) race(deadline_passed, request);
  for (bool& request : decided) race(reply, request);
  reply.set();
  deadline_passed.set();
}

int main() {
  fetch_with_deadline();
  return winners == 3 ? 0 : 1;
}
