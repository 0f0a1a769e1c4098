// what: A ticker thread keeps its dead session alive and ticks on (S16).
// expect: outlived-task suspected count=1 created_by=open_session blocked_in=tick
#include <chrono>
#include <condition_variable>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>

struct Session {
  std::mutex mutex;
  std::condition_variable closed;
  bool is_closed = false;
  std::latch ticking{1};
};

void tick(std::shared_ptr<Session> session) {
  std::unique_lock lock(session->mutex);
  session->ticking.count_down();
  while (!session->is_closed) session->closed.wait_for(lock, std::chrono::seconds(30));
}

std::shared_ptr<Session> open_session() {
  auto session = std::make_shared<Session>();
  std::thread(tick, session).detach();
  return session;
}

int main() {
  std::shared_ptr<Session> session = open_session();
  session->ticking.wait();
  std::lock_guard ticker_waits(session->mutex);
}
