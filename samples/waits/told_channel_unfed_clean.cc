// what: A polled channel of the program's own is closed by a last entry, and the worker ends.
// expect: clean
// flags: -Ilibtrack/include
#include <memory>

#include "samples/support/told_lock.h"

using Jobs = PolledChannel<int>;

void work(std::shared_ptr<Jobs> jobs) {
  while (jobs->receive() != 0) {
  }
}

int main() {
  auto jobs = std::make_shared<Jobs>("jobs");
  std::thread worker(work, jobs);
  for (int job = 1; job < 4; ++job) jobs->send(job);
  jobs->send(0);
  worker.join();
}
