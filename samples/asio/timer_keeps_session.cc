// what: A heartbeat re-arms its timer for ever and keeps three closed sessions alive (S16, S04).
// expect: outlived-task suspected count=3 created_by=heartbeat
// libs: asio
#include "samples/support/asio.h"

struct Session {
  explicit Session(asio::io_context& io) : timer(io) {}
  asio::steady_timer timer;
  int beats = 0;
  bool closed = false;
};

asio::awaitable<void> heartbeat(std::shared_ptr<Session> session) {
  for (;;) {
    session->timer.expires_after(std::chrono::seconds(session->closed ? 3600 : 0));
    co_await session->timer.async_wait(asio::use_awaitable);
    if (++session->beats == 3) session->closed = true;
  }
}

void open_sessions(asio::io_context& io) {
  for (int i = 0; i < 3; ++i) {
    asio::co_spawn(io, heartbeat(std::make_shared<Session>(io)), asio::detached);
  }
}

int main() {
  auto* io = new asio::io_context;
  open_sessions(*io);
  while (io->poll() > 0) {
  }
}
