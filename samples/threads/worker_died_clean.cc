// what: A worker that fails closes its queue, so the producer ends; both are joined.
// expect: clean
#include <stdexcept>
#include <thread>

#include "samples/support/queue.h"

static auto& jobs = *new Queue<int>(2);

void parse(int job) {
  if (job == 1) throw std::runtime_error("bad job");
}

void work() {
  try {
    while (auto job = jobs.pop()) parse(*job);
  } catch (const std::exception&) {
    jobs.close();
  }
}

void produce() {
  for (int job = 0; jobs.push(job); ++job) {
  }
}

int main() {
  std::jthread worker(work);
  std::jthread producer(produce);
}
