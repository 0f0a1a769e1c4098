// what: A stage of coroutines waits for an element of the next stage, which waits for it.
// expect: orphaned-coroutine created_by=start_stages
#include "samples/kernels/kernel.h"

struct Stages {
  explicit Stages(Executor& executor) : forward(executor, 0), credit(executor, 0) {}
  AsyncChannel<int> forward, credit;
};

co::detached run_stage(Executor& executor, std::shared_ptr<Stages> stages, bool first) {
  co_await executor.schedule();
  if (first) {
    if (!kFixed) co_await stages->credit.pop();
    co_await stages->forward.push(1);
    if (kFixed) co_await stages->credit.pop();
  } else {
    co_await stages->forward.pop();
    co_await stages->credit.push(1);
  }
}

void start_stages(Executor& executor, const std::shared_ptr<Stages>& stages) {
  for (const bool first : {true, false}) run_stage(executor, stages, first);
}

int main() {
  Executor executor(2);
  auto stages = std::make_shared<Stages>(executor);
  start_stages(executor, stages);
  executor.await_idle();
}
