// what: The signaller first wants a lock that the waiter keeps through its wait.
// expect: stuck-task created_by=start_waiter
// expect: stuck-task created_by=start_signaller
#include "samples/kernels/kernel.h"

struct Agent {
  std::mutex outer, inner;
  std::condition_variable changed;
  bool done = false;
  std::latch held{1};
};

static std::latch both(2);

void await_done(std::shared_ptr<Agent> agent) {
  std::unique_lock outer(agent->outer);
  std::unique_lock inner(agent->inner);
  agent->held.count_down();
  if (kFixed) outer.unlock();
  both.count_down();
  agent->changed.wait(inner, [&] { return agent->done; });
}

void signal_done(std::shared_ptr<Agent> agent) {
  agent->held.wait();
  both.count_down();
  std::lock_guard outer(agent->outer);
  std::lock_guard inner(agent->inner);
  agent->done = true;
  agent->changed.notify_one();
}

void start_waiter(Threads& threads, const std::shared_ptr<Agent>& agent) {
  threads.start(await_done, agent);
}

void start_signaller(Threads& threads, const std::shared_ptr<Agent>& agent) {
  threads.start(signal_done, agent);
}

int main() {
  auto agent = std::make_shared<Agent>();
  Threads threads;
  start_waiter(threads, agent);
  start_signaller(threads, agent);
  both.wait();
}
