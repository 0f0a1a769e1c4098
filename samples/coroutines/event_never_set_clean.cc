// what: Three detached coroutines wait for an event that is set.
// expect: clean
#include "samples/support/task.h"

static co::event configured;
static int handled = 0;

co::detached handle_when_configured(int request) {
  co_await configured;
  handled += request;
}

void start_handlers() {
  for (int request = 1; request <= 3; ++request) handle_when_configured(request);
}

int main() {
  start_handlers();
  configured.set();
  return handled == 6 ? 0 : 1;
}
