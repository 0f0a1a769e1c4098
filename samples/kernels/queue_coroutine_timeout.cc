// what: A caller gives up on its reply; the handler still wants to hand it over.
// expect: orphaned-coroutine created_by=start_handler
#include "samples/kernels/kernel.h"

struct Call {
  explicit Call(Executor& executor) : reply(executor, kFixed ? 1 : 0), expired(executor, 1) {}
  AsyncChannel<int> reply;
  AsyncLatch expired;
};

co::detached handle(Executor& executor, std::shared_ptr<Call> call) {
  co_await executor.schedule();
  co_await call->expired.wait();
  co_await call->reply.push(200);
}

void start_handler(Executor& executor, const std::shared_ptr<Call>& call) {
  handle(executor, call);
}

int main() {
  Executor executor(2);
  auto call = std::make_shared<Call>(executor);
  start_handler(executor, call);
  call->expired.count_down();
  executor.await_idle();
}
