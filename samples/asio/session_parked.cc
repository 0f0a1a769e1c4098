// what: Two sessions read from peers that stay silent; the io_context is leaked with them (S03).
// expect: outlived-task suspected count=2 created_by=session
// libs: asio
#include "samples/support/asio.h"

using Socket = asio::local::stream_protocol::socket;

asio::awaitable<void> session(Socket socket) {
  char data[64];
  asio::error_code error;
  while (!error) {
    auto done = asio::redirect_error(asio::use_awaitable, error);
    co_await socket.async_read_some(asio::buffer(data), done);
  }
}

void accept_clients(asio::io_context& io, std::vector<Socket>& clients) {
  for (int i = 0; i < 2; ++i) {
    Socket client(io), served(io);
    asio::local::connect_pair(client, served);
    clients.push_back(std::move(client));
    asio::co_spawn(io, session(std::move(served)), asio::detached);
  }
}

int main() {
  auto* io = new asio::io_context;
  auto* clients = new std::vector<Socket>;
  accept_clients(*io, *clients);
  while (io->poll() > 0) {
  }
}
