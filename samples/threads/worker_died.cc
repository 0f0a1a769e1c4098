// what: A worker swallows an exception and ends; its producer then blocks on the full queue (S21).
// expect: outlived-task suspected count=1 created_by=start_producer blocked_in=produce
// expect: unjoined-thread likely count=1 created_by=start_worker
#include <latch>
#include <stdexcept>
#include <thread>

#include "samples/support/queue.h"

static auto& jobs = *new Queue<int>(2);
static std::latch worker_ended(1);

void parse(int job) {
  if (job == 1) throw std::runtime_error("bad job");
}

void work() {
  try {
    while (auto job = jobs.pop()) parse(*job);
  } catch (const std::exception&) {
  }
  worker_ended.count_down();
}

void produce() {
  for (int job = 0; jobs.push(job); ++job) {
  }
}

void start_worker() {
  new std::thread(work);
}
void start_producer() {
  new std::thread(produce);
}

int main() {
  start_worker();
  start_producer();
  worker_ended.wait();
  jobs.await_blocked(1, true);
}
