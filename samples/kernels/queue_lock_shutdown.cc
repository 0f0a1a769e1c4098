// what: stop() pushes its marker under the lock; the loop it wakes wants the lock first.
// expect: stuck-task created_by=start_loop
// expect: stuck-task created_by=start_stopper
#include "samples/kernels/kernel.h"

struct Controller {
  std::mutex mutex;
  Queue<int> events{1};
  bool stopped = false;
};

static std::latch meeting(2);

void run_loop(std::shared_ptr<Controller> controller) {
  controller->events.pop();
  if (!kFixed) meeting.arrive_and_wait();
  {
    std::lock_guard lock(controller->mutex);
    controller->stopped = true;
  }
  while (controller->events.pop()) {
  }
}

void stop(std::shared_ptr<Controller> controller) {
  std::unique_lock lock(controller->mutex);
  if (kFixed) lock.unlock();
  meeting.arrive_and_wait();
  for (int i = 0; i < 2; ++i) controller->events.push(0);
  if (kFixed) controller->events.close();
}

void start_loop(Threads& threads, const std::shared_ptr<Controller>& controller) {
  threads.start(run_loop, controller);
}

void start_stopper(Threads& threads, const std::shared_ptr<Controller>& controller) {
  threads.start(stop, controller);
}

int main() {
  auto controller = std::make_shared<Controller>();
  controller->events.push(1);
  Threads threads;
  start_loop(threads, controller);
  start_stopper(threads, controller);
  if (kFixed)
    meeting.arrive_and_wait();
  else
    meeting.wait();
}
