// what: A parent waits for two replies, and both come.
// expect: clean
#include "samples/support/task.h"

static co::event profile_ready, orders_ready;
static int answered = 0;

co::detached fetch(co::event& source, int& missing, co::event& all_done) {
  co_await source;
  if (--missing == 0) all_done.set();
}

void start_branches(int& missing, co::event& all_done) {
  fetch(profile_ready, missing, all_done);
  fetch(orders_ready, missing, all_done);
}

co::detached answer() {
  int missing = 2;
  co::event all_done;
  start_branches(missing, all_done);
  co_await all_done;
  answered += 1;
}

void serve_request() {
  answer();
}

int main() {
  serve_request();
  profile_ready.set();
  orders_ready.set();
  return answered == 1 ? 0 : 1;
}
