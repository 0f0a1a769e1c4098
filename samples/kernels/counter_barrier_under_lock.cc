// what: One thread goes to the barrier with a mutex that the other needs before it can come.
// expect: stuck-task created_by=start_left
// expect: stuck-task created_by=start_right
#include "samples/kernels/kernel.h"

struct Frame {
  std::mutex mutex;
  std::barrier<> drawn{2};
  std::latch locked{1};
};

[[gnu::noinline]] void start_left(Threads& threads, std::shared_ptr<Frame> frame) {
  threads.start([frame] {
    std::unique_lock lock(frame->mutex);
    frame->locked.count_down();
    if (kFixed) lock.unlock();
    frame->drawn.arrive_and_wait();
  });
}

[[gnu::noinline]] void start_right(Threads& threads, std::shared_ptr<Frame> frame) {
  threads.start([frame] {
    frame->locked.wait();
    { std::lock_guard lock(frame->mutex); }
    frame->drawn.arrive_and_wait();
  });
}

int main() {
  auto frame = std::make_shared<Frame>();
  Threads threads;
  start_left(threads, frame);
  start_right(threads, frame);
  frame->locked.wait();
}
