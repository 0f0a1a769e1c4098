// what: A thread waits for a future under the lock that the computing thread needs.
// expect: stuck-task created_by=start_asker
// expect: stuck-task created_by=start_solver
#include "samples/kernels/kernel.h"

struct Session {
  std::mutex mutex;
  std::promise<int> answer;
  std::latch asked{1};
};

static std::latch both(2);

void ask(std::shared_ptr<Session> session) {
  std::unique_lock lock(session->mutex);
  std::future<int> answer = session->answer.get_future();
  session->asked.count_down();
  if (kFixed) lock.unlock();
  both.count_down();
  answer.get();
}

void solve(std::shared_ptr<Session> session) {
  session->asked.wait();
  both.count_down();
  std::lock_guard lock(session->mutex);
  session->answer.set_value(42);
}

void start_asker(Threads& threads, const std::shared_ptr<Session>& session) {
  threads.start(ask, session);
}

void start_solver(Threads& threads, const std::shared_ptr<Session>& session) {
  threads.start(solve, session);
}

int main() {
  auto session = std::make_shared<Session>();
  Threads threads;
  start_asker(threads, session);
  start_solver(threads, session);
  both.wait();
}
