#include "samples/chat_server/server.h"

#include <csignal>
#include <utility>
#include <vector>

#include "samples/chat_server/session.h"

using asio::ip::tcp;

Server::Server(asio::io_context& io, const Options& options)
    : io_(io),
      options_(options),
      acceptor_(asio::make_strand(io), tcp::endpoint(asio::ip::address_v4::loopback(),
                                                     static_cast<unsigned short>(options.port))),
      signals_(io, SIGINT, SIGTERM),
      workers_(static_cast<std::size_t>(options.workers)),
      rooms_(options.leaks.lock),
      audit_(options.leaks.worker) {}

void Server::start() {
  const bool stop_at_last_token = options_.leaks.any();
  Running running(&io_, [stop_at_last_token](asio::io_context* io) {
    if (stop_at_last_token) io->stop();
  });
  running_ = running;
  asio::co_spawn(acceptor_.get_executor(), accept_clients(running), asio::detached);
  asio::co_spawn(io_, await_signal(running), asio::detached);
}

asio::awaitable<void> Server::accept_clients(Running) {
  for (;;) {
    asio::error_code error;
    tcp::socket client = co_await acceptor_.async_accept(
        asio::make_strand(io_), asio::redirect_error(asio::use_awaitable, error));
    if (!acceptor_.is_open()) co_return;
    if (!error) start_session(std::move(client));
  }
}

void Server::start_session(tcp::socket client) {
  std::make_shared<Session>(*this, std::move(client))->start();
}

asio::awaitable<void> Server::await_signal(Running) {
  asio::error_code error;
  co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  stop();
}

void Server::add(const std::shared_ptr<Session>& session) {
  std::lock_guard lock(mutex_);
  sessions_.insert(session);
  if (stopping_) session->stop();
}

void Server::remove(const std::shared_ptr<Session>& session) {
  std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

void Server::stop() {
  asio::post(acceptor_.get_executor(), [this, running = running()] { acceptor_.close(); });
  std::lock_guard lock(mutex_);
  stopping_ = true;
  for (const auto& session : sessions_) session->stop();
}
