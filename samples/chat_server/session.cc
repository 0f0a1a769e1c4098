#include "samples/chat_server/session.h"

#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace {

// Completion handlers that nobody will ever call.
std::vector<std::shared_ptr<void>>& forgotten_handlers() {
  static auto* handlers = new std::vector<std::shared_ptr<void>>;
  return *handlers;
}

std::mutex forgotten_mutex;

asio::awaitable<int> compute_slowly(int input) {
  unsigned sum = 0;
  for (int i = 0; i < 100000; ++i) sum = sum * 31 + static_cast<unsigned>(input + i);
  co_return static_cast<int>(sum % 1000);
}

}  // namespace

void deliver(const std::shared_ptr<Session>& to, const std::string& line) {
  to->deliver(line);
}

Session::Session(Server& server, asio::ip::tcp::socket socket)
    : server_(server),
      socket_(std::move(socket)),
      reply_ready_(socket_.get_executor()),
      idle_(socket_.get_executor()) {
  reply_ready_.expires_at(std::chrono::steady_clock::time_point::max());
  asio::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Session::start() {
  auto self = shared_from_this();
  auto running = server_.running();
  server_.add(self);
  asio::co_spawn(socket_.get_executor(), run(self, running), asio::detached);
  asio::co_spawn(socket_.get_executor(), write_replies(self, running), asio::detached);
  if (server_.options().leaks.timer) {
    asio::co_spawn(socket_.get_executor(), watch_idle_for_ever(self), asio::detached);
  } else {
    asio::co_spawn(socket_.get_executor(), watch_idle(self, running), asio::detached);
  }
}

void Session::stop() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    asio::error_code ignored;
    self->end();
    self->socket_.close(ignored);
  });
}

void Session::deliver(std::string line) {
  asio::dispatch(socket_.get_executor(),
                 [self = shared_from_this(), line = std::move(line)]() mutable {
                   if (self->ended_) return;
                   self->outbox_ += line;
                   self->reply_ready_.cancel();
                 });
}

// Once: the client leaves its room, and the other two coroutines see that it is over.
void Session::end() {
  if (std::exchange(ended_, true)) return;
  if (room_) room_->leave(shared_from_this());
  transcript_.reset();
  reply_ready_.cancel();
  idle_.cancel();
}

asio::awaitable<void> Session::run(std::shared_ptr<Session>, Server::Running running) {
  std::string input;
  bool reading = true;
  while (reading && !ended_) {
    asio::error_code error;
    const std::size_t length =
        co_await asio::async_read_until(socket_, asio::dynamic_buffer(input, 64 * 1024), '\n',
                                        asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    last_line_ = std::chrono::steady_clock::now();
    std::string line = input.substr(0, length - 1);
    input.erase(0, length);
    reading = co_await obey(std::move(line));
  }
  const bool stopped_by_server = ended_;
  end();
  if (stopped_by_server || server_.options().echo) co_return;
  record_departure();
  if (said_goodbye_ || !server_.options().leaks.session) co_return;
  running.reset();
  co_await await_client_that_is_gone();
}

asio::awaitable<bool> Session::obey(std::string line) {
  if (server_.options().echo) {
    asio::co_spawn(socket_.get_executor(), echo_request(shared_from_this(), std::move(line)),
                   asio::detached);
    co_return true;
  }
  const std::string verb = line.substr(0, line.find(' '));
  const std::string rest = verb.size() < line.size() ? line.substr(verb.size() + 1) : "";
  server_.audit().record(verb);
  if (transcript_) transcript_->write(line);
  if (verb == "SAY" && room_) {
    room_->broadcast(rest);
  } else if (verb == "JOIN" && !rest.empty()) {
    if (room_) room_->leave(shared_from_this());
    room_ = &server_.rooms().open(rest);
    room_->join(shared_from_this());
    deliver("joined " + rest + "\n");
  } else if (verb == "ECHO") {
    deliver("echo " + rest + "\n");
  } else if (verb == "SLOW") {
    co_await answer_slowly(rest);
  } else if (verb == "LOG") {
    if (!transcript_) transcript_ = std::make_unique<Transcript>(server_.options().leaks.writer);
    deliver("logging\n");
  } else if (verb == "QUIT") {
    said_goodbye_ = true;
    deliver("bye\n");
    co_return false;
  } else {
    deliver("what? " + line + "\n");
  }
  co_return true;
}

asio::awaitable<void> Session::answer_slowly(std::string request) {
  const int input = std::atoi(request.c_str());
  const int result =
      co_await asio::co_spawn(server_.workers(), compute_slowly(input), asio::use_awaitable);
  deliver("slow " + request + " " + std::to_string(result) + "\n");
}

asio::awaitable<void> Session::echo_request(std::shared_ptr<Session>, std::string line) {
  deliver(line + "\n");
  co_return;
}

// Sends until the session has ended and everything delivered before that is sent.
asio::awaitable<void> Session::write_replies(std::shared_ptr<Session> self, Server::Running) {
  asio::error_code error;
  while (!error && !(ended_ && outbox_.empty())) {
    if (outbox_.empty()) {
      asio::error_code woken;
      co_await reply_ready_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
      continue;
    }
    const std::string sending = std::exchange(outbox_, {});
    co_await asio::async_write(socket_, asio::buffer(sending),
                               asio::redirect_error(asio::use_awaitable, error));
  }
  socket_.close(error);
  // Only now: until then a server that stops has to break off the sending.
  server_.remove(self);
}

asio::awaitable<void> Session::watch_idle(std::shared_ptr<Session>, Server::Running) {
  const std::chrono::seconds limit(server_.options().idle_s);
  while (!ended_ && std::chrono::steady_clock::now() < last_line_ + limit) {
    asio::error_code woken;
    idle_.expires_at(last_line_ + limit);
    co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  if (!ended_) stop();
}

// The defect of --leak=timer: the timer re-arms for ever and keeps the dead session alive.
asio::awaitable<void> Session::watch_idle_for_ever(std::shared_ptr<Session>) {
  for (;;) {
    asio::error_code woken;
    idle_.expires_after(std::chrono::seconds(server_.options().idle_s));
    co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

// The defect of --leak=session: the client vanished without QUIT, and its session waits for it to
// come back. The completion handler is kept, but nobody will ever call it.
asio::awaitable<void> Session::await_client_that_is_gone() {
  auto keep = [](auto handler) {
    std::lock_guard lock(forgotten_mutex);
    forgotten_handlers().push_back(std::make_shared<decltype(handler)>(std::move(handler)));
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(keep, asio::use_awaitable);
}

// The defect of --leak=joinless: the thread ends soon, but nobody joins it.
static void start_departure_and_never_join() {
  new std::thread([] {});
}

void Session::record_departure() {
  if (server_.options().leaks.joinless) return start_departure_and_never_join();
  std::thread departure([] {});
  departure.join();
}
