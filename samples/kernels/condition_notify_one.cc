// what: Two threads wait for the same condition, and one is told.
// expect: stuck-task created_by=start_waiters
#include "samples/kernels/kernel.h"

struct Phase {
  std::mutex mutex;
  std::condition_variable changed, joined;
  int waiting = 0;
  bool open = false;
};

void await_phase(std::shared_ptr<Phase> phase) {
  std::unique_lock lock(phase->mutex);
  ++phase->waiting;
  phase->joined.notify_one();
  phase->changed.wait(lock, [&] { return phase->open; });
}

void start_waiters(Threads& threads, const std::shared_ptr<Phase>& phase) {
  for (int i = 0; i < 2; ++i) threads.start(await_phase, phase);
}

int main() {
  auto phase = std::make_shared<Phase>();
  Threads threads;
  start_waiters(threads, phase);
  std::unique_lock lock(phase->mutex);
  phase->joined.wait(lock, [&] { return phase->waiting == 2; });
  phase->open = true;
  kFixed ? phase->changed.notify_all() : phase->changed.notify_one();
}
