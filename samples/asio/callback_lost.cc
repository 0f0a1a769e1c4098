// what: A request waits in a table of callbacks for a reply that never comes (S06).
// expect: outlived-task suspected count=1 created_by=look_up
// libs: asio
#include <functional>
#include <map>

#include "samples/support/asio.h"

static auto& pending = *new std::map<int, std::function<void(int)>>;

template <class Token>
auto async_request(int id, Token&& token) {
  auto start = [id](auto handler) {
    // std::function wants to copy its target, a completion handler can only be moved.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    pending[id] = [shared](int reply) { std::move (*shared)(reply); };
  };
  return asio::async_initiate<Token, void(int)>(start, token);
}

asio::awaitable<void> look_up(int id) {
  co_await async_request(id, asio::use_awaitable);
}

void receive_reply(int id) {
  auto found = pending.find(id);
  if (found == pending.end()) return;
  auto callback = std::move(found->second);
  pending.erase(found);
  callback(id * 10);
}

int main() {
  auto* io = new asio::io_context;
  asio::co_spawn(*io, look_up(1), asio::detached);
  io->poll();
  receive_reply(2);
}
