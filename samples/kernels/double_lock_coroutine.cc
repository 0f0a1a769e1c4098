// what: A coroutine that holds an async mutex awaits another one that wants it.
// expect: orphaned-coroutine created_by=start_request
// expect: orphaned-coroutine created_by=request
#include "samples/kernels/kernel.h"

struct Session {
  explicit Session(Executor& executor) : mutex(executor) {}
  AsyncMutex mutex;
  int requests = 0;
};

co::task<> log_request(std::shared_ptr<Session> session) {
  co_await session->mutex.acquire();
  ++session->requests;
  session->mutex.release();
}

co::detached request(Executor& executor, std::shared_ptr<Session> session) {
  co_await executor.schedule();
  co_await session->mutex.acquire();
  if (kFixed) session->mutex.release();
  co_await log_request(session);
  if (!kFixed) session->mutex.release();
}

void start_request(Executor& executor, const std::shared_ptr<Session>& session) {
  request(executor, session);
}

int main() {
  Executor executor(2);
  auto session = std::make_shared<Session>(executor);
  start_request(executor, session);
  executor.await_idle();
}
