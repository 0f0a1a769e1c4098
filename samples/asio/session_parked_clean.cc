// what: Two sessions read from silent peers when their io_context is destroyed, and go with it.
// expect: clean
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
  asio::io_context io;
  std::vector<Socket> clients;
  accept_clients(io, clients);
  while (io.poll() > 0) {
  }
}
