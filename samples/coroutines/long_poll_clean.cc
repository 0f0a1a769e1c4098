// what: A long-poll session is old but keeps resuming, and ends when its server stops.
// expect: clean
#include "samples/support/channel.h"
#include "samples/support/task.h"

static co::channel<int> updates(1);
static int delivered = 0;

co::detached long_poll() {
  for (;;) {
    auto update = co_await updates.pop();
    if (!update) co_return;
    delivered += 1;
  }
}

co::detached publish(int count) {
  for (int i = 0; i < count; ++i) co_await updates.push(i);
}

int main() {
  long_poll();
  publish(10000);
  updates.close();
  return delivered == 10000 ? 0 : 1;
}
