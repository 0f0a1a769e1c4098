// what: Coroutines wait for an event that is gone; they know each other, nobody knows them.
// expect: orphaned-coroutine proved count=4 created_by=start_handlers
#include "samples/support/task.h"

co::detached handler(co::event& ready) {
  co_await ready;
}

void start_handlers() {
  auto* ready = new co::event;
  for (int i = 0; i < 4; ++i) handler(*ready);
}

int main() {
  start_handlers();
}
