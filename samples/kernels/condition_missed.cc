// what: The signal comes before the wait, and the wait has no predicate.
// expect: stuck-task created_by=start_waiter
#include "samples/kernels/kernel.h"

struct Ready {
  std::mutex mutex;
  std::condition_variable changed;
  bool ready = false;
};

static std::latch waiting(1);

void wait_ready(std::shared_ptr<Ready> state) {
  std::unique_lock lock(state->mutex);
  waiting.count_down();
  if (kFixed)
    state->changed.wait(lock, [&] { return state->ready; });
  else
    state->changed.wait(lock);
}

void start_waiter(Threads& threads, const std::shared_ptr<Ready>& state) {
  threads.start(wait_ready, state);
}

int main() {
  auto state = std::make_shared<Ready>();
  {
    std::lock_guard lock(state->mutex);
    state->ready = true;
    state->changed.notify_all();
  }
  Threads threads;
  start_waiter(threads, state);
  waiting.wait();
}
