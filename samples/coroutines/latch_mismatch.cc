// what: An async latch counts three jobs, but the one that fails never counts down (S07).
// expect: outlived-task suspected count=1 created_by=start_summary
#include "samples/support/task.h"

struct AsyncLatch {
  void count_down() {
    if (--expected == 0) done.set();
  }
  int expected;
  co::event done;
};

static AsyncLatch jobs{3, {}};
static co::event input_ready;
static int summaries = 0;

co::detached run_job(int number) {
  co_await input_ready;
  if (number == 1) co_return;
  jobs.count_down();
}

co::detached summarize() {
  co_await jobs.done;
  summaries += 1;
}

void start_jobs() {
  for (int number = 0; number < 3; ++number) run_job(number);
}
void start_summary() {
  summarize();
}

int main() {
  start_jobs();
  start_summary();
  input_ready.set();
  return summaries;
}
