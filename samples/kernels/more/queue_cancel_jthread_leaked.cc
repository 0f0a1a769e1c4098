// what: The owner of a jthread is leaked with release(): nobody ever requests its stop.
// expect: stuck-task created_by=Poller
#include "samples/kernels/kernel.h"

struct Poller {
  std::mutex mutex;
  std::condition_variable_any wakeup;
  std::latch running{1};
  std::jthread thread;

  [[gnu::noinline]] Poller() {
    thread = std::jthread([this](std::stop_token stop) {
      std::unique_lock lock(mutex);
      running.count_down();
      wakeup.wait(lock, stop, [] { return false; });
    });
  }
};

int main() {
  auto poller = std::make_unique<Poller>();
  poller->running.wait();
  { std::lock_guard lock(poller->mutex); }
  if (!kFixed) (void)poller.release();
}
