// what: Who fed a polled channel of the program's own lets go of it; a worker waits for more.
// expect: stuck-task likely count=1 created_by=start_worker
// flags: -Ilibtrack/include
#include <latch>
#include <memory>

#include "samples/support/told_lock.h"

using Jobs = PolledChannel<int>;

std::latch done{3};

void work(std::shared_ptr<Jobs> jobs) {
  while (jobs->receive() != 0) done.count_down();
}

void start_worker(const std::shared_ptr<Jobs>& jobs) {
  std::thread(work, jobs).detach();
}

int main() {
  auto jobs = std::make_shared<Jobs>("jobs");
  start_worker(jobs);
  for (int job = 1; job < 4; ++job) jobs->send(job);  // and no 0
  done.wait();
}
