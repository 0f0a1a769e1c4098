// what: stop() joins the loop under the lock that the loop needs to end.
// expect: deadlock created_by=start_loop
// expect: deadlock created_by=start_stopper
#include "samples/kernels/kernel.h"

struct Loop {
  std::mutex mutex;
  std::thread thread;
  std::latch locked{1};
  bool ended = false;
};

static std::latch stopping(2);

void run_loop(std::shared_ptr<Loop> loop) {
  loop->locked.wait();
  stopping.count_down();
  std::lock_guard lock(loop->mutex);
  loop->ended = true;
}

void start_loop(const std::shared_ptr<Loop>& loop) {
  loop->thread = std::thread(run_loop, loop);
}

void stop_loop(std::shared_ptr<Loop> loop) {
  std::unique_lock lock(loop->mutex);
  if (kFixed) lock.unlock();
  loop->locked.count_down();
  stopping.count_down();
  loop->thread.join();
}

void start_stopper(Threads& threads, const std::shared_ptr<Loop>& loop) {
  threads.start(stop_loop, loop);
}

int main() {
  auto loop = std::make_shared<Loop>();
  Threads threads;
  start_loop(loop);
  start_stopper(threads, loop);
  stopping.wait();
}
