// what: Traced tasks, stripped: the reply that one of three requests awaits never comes.
// expect: outlived-task suspected count=1
// flags: -s -Ilibtrack/include
#include "samples/support/traced_task.h"

static traced::event* const replies = new traced::event[3];

static traced::task reply(int number) {
  co_await replies[number];
}
static traced::task request(int number) {
  co_await reply(number);
}
static traced::generator numbers() {
  for (int i = 0;; ++i) co_yield i;
}

int main() {
  traced::generator some = numbers();
  for (int i = 0; i < 3; ++i) {
    some.next();
    const traced::task::handle started = request(some.value()).release();
    started.resume();
    if (some.value() != 1) replies[some.value()].set();
    if (started.done()) started.destroy();
  }
}
