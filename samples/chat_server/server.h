// What all sessions share, and the listener. Everything is thread-safe.
//  - Every coroutine that must end before the server may holds a Running token.
//  - stop() closes the listener and every session; the io_context then runs dry by itself. Leaked
//    coroutines would keep it going, so with planted leaks the last token stops it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>

#include "samples/chat_server/audit.h"
#include "samples/chat_server/options.h"
#include "samples/chat_server/room.h"
#include "samples/support/asio.h"

class Server {
 public:
  Server(asio::io_context& io, const Options& options);

  int port() const { return acceptor_.local_endpoint().port(); }
  void start();
  void stop();

  const Options& options() const { return options_; }
  Rooms& rooms() { return rooms_; }
  Audit& audit() { return audit_; }
  asio::thread_pool& workers() { return workers_; }

  void add(const std::shared_ptr<Session>& session);
  void remove(const std::shared_ptr<Session>& session);

  using Running = std::shared_ptr<void>;
  Running running() { return running_.lock(); }

 private:
  asio::awaitable<void> accept_clients(Running running);
  asio::awaitable<void> await_signal(Running running);
  void start_session(asio::ip::tcp::socket client);

  asio::io_context& io_;
  const Options options_;
  asio::ip::tcp::acceptor acceptor_;
  asio::signal_set signals_;
  asio::thread_pool workers_;
  Rooms rooms_;
  Audit audit_;
  std::mutex mutex_;
  std::set<std::shared_ptr<Session>> sessions_;
  bool stopping_ = false;
  std::weak_ptr<void> running_;
};
