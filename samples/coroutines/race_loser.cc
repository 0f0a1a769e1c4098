// what: A reply and a deadline race; the loser is never cancelled and stays suspended (S05, S18).
// expect: outlived-task suspected count=3 created_by=fetch_with_deadline
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
}

int main() {
  fetch_with_deadline();
  return winners == 3 ? 0 : 1;
}
