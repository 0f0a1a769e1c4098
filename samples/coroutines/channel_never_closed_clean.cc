// what: Three workers loop on pop() until the producer closes the channel.
// expect: clean
#include "samples/support/channel.h"
#include "samples/support/task.h"

static co::channel<int> jobs(4);
static int sum = 0;

co::detached work() {
  for (;;) {
    auto job = co_await jobs.pop();
    if (!job) co_return;
    sum += *job;
  }
}

co::detached produce() {
  for (int job = 1; job <= 10; ++job) co_await jobs.push(job);
  jobs.close();
}

void start_workers() {
  for (int i = 0; i < 3; ++i) work();
}

int main() {
  start_workers();
  produce();
  return sum == 55 ? 0 : 1;
}
