// what: A binary semaphore is the lock, and its holder takes it again.
// expect: stuck-task created_by=start_writer
#include "samples/kernels/kernel.h"

static std::latch writing(1);

void flush(std::binary_semaphore& journal) {
  journal.acquire();
  journal.release();
}

void write_all() {
  std::binary_semaphore journal(1);
  journal.acquire();
  if (kFixed) journal.release();
  writing.count_down();
  flush(journal);
}

void start_writer(Threads& threads) {
  threads.start(write_all);
}

int main() {
  Threads threads;
  start_writer(threads);
  writing.wait();
}
