// One client. Its coroutines run on its strand, so its members need no lock; deliver() may be
// called from any thread.
//  - run(): reads and obeys lines.  write_replies(): sends what was delivered.
//  - watch_idle(): ends a silent client.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "samples/chat_server/server.h"
#include "samples/chat_server/transcript.h"
#include "samples/support/asio.h"

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Server& server, asio::ip::tcp::socket socket);

  void start();
  // Ends the session at once, unsent replies included.
  void stop();
  void deliver(std::string line);

 private:
  using Strand = asio::strand<asio::io_context::executor_type>;

  asio::awaitable<void> run(std::shared_ptr<Session> self, Server::Running running);
  asio::awaitable<void> write_replies(std::shared_ptr<Session> self, Server::Running running);
  asio::awaitable<void> watch_idle(std::shared_ptr<Session> self, Server::Running running);
  asio::awaitable<void> watch_idle_for_ever(std::shared_ptr<Session> self);
  asio::awaitable<void> await_client_that_is_gone();
  asio::awaitable<void> answer_slowly(std::string request);
  asio::awaitable<void> echo_request(std::shared_ptr<Session> self, std::string line);
  asio::awaitable<bool> obey(std::string line);
  void record_departure();
  void end();

  Server& server_;
  asio::ip::tcp::socket socket_;
  asio::steady_timer reply_ready_;
  asio::steady_timer idle_;
  std::string outbox_;
  std::chrono::steady_clock::time_point last_line_ = std::chrono::steady_clock::now();
  Room* room_ = nullptr;
  std::unique_ptr<Transcript> transcript_;
  bool said_goodbye_ = false;
  bool ended_ = false;
};
