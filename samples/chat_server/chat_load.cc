// The load client of chat_server: N clients send M messages each over loopback and check every
// reply. In chat mode they share rooms, wait for every broadcast, and then leave: politely, by
// reset, half-closed, or in the middle of a line. Exit status 0 only if every reply was right.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "samples/support/asio.h"

using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

struct Load {
  int port = 0;
  int clients = 8;
  int messages = 100;
  int rooms = 2;
  int depth = 1;  // echo mode: requests in flight per client
  bool echo = false;
};

// What all clients together have seen. One thread, so no lock.
struct Outcome {
  long replies = 0;
  long wrong = 0;
  std::vector<long> latencies_ns;

  void expect(const std::string& got, const std::string& wanted) {
    replies += 1;
    if (got == wanted) return;
    if (++wrong <= 10) {
      std::fprintf(stderr, "chat_load: got '%s', wanted '%s'\n", got.c_str(), wanted.c_str());
    }
  }
};

// Everybody waits for the last one.
class Rendezvous {
 public:
  Rendezvous(asio::io_context& io, int parties)
      : missing_(parties), opened_(io, Clock::time_point::max()) {}

  asio::awaitable<void> arrive() {
    if (--missing_ == 0) opened_.cancel();
    while (missing_ > 0) {
      asio::error_code woken;
      co_await opened_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
  }

 private:
  int missing_;
  asio::steady_timer opened_;
};

class Client {
 public:
  Client(asio::io_context& io, const Load& load, Outcome& outcome, int id)
      : load_(load), outcome_(outcome), id_(id), socket_(io) {}

  asio::awaitable<void> chat(Rendezvous& all_joined, Rendezvous& all_done) {
    co_await connect();
    const std::string room = "room" + std::to_string(id_ % load_.rooms);
    co_await ask("JOIN " + room, "joined " + room);
    co_await ask("ECHO hello", "echo hello");
    if (id_ % 4 == 1) co_await ask("LOG", "logging");
    co_await send("SLOW " + std::to_string(id_));
    const std::string slow = co_await read_line();
    outcome_.expect(slow.substr(0, slow.rfind(' ')), "slow " + std::to_string(id_));
    co_await all_joined.arrive();
    for (int i = 0; i < load_.messages; ++i) co_await say(room, i);
    while (heard_ < load_.messages * members_of(id_ % load_.rooms)) co_await hear(room);
    co_await all_done.arrive();
    co_await leave();
  }

  asio::awaitable<void> echo(Rendezvous& all_joined, Rendezvous& all_done) {
    co_await connect();
    co_await all_joined.arrive();
    std::vector<Clock::time_point> sent;
    for (int answered = 0; answered < load_.messages; ++answered) {
      std::string requests;
      while (static_cast<int>(sent.size()) < std::min(load_.messages, answered + load_.depth)) {
        requests += request(static_cast<int>(sent.size())) + "\n";
        sent.push_back(Clock::now());
      }
      if (!requests.empty()) co_await asio::async_write(socket_, asio::buffer(requests), use_);
      const std::string reply = co_await read_line();
      outcome_.expect(reply, request(answered));
      note_latency(sent[static_cast<std::size_t>(answered)]);
    }
    co_await all_done.arrive();
    socket_.close();
  }

 private:
  std::string request(int number) const {
    return "client " + std::to_string(id_) + " request " + std::to_string(number);
  }
  int members_of(int room) const {
    return load_.clients / load_.rooms + (room < load_.clients % load_.rooms ? 1 : 0);
  }
  void note_latency(Clock::time_point since) {
    outcome_.latencies_ns.push_back(std::chrono::nanoseconds(Clock::now() - since).count());
  }

  asio::awaitable<void> connect() {
    const auto port = static_cast<unsigned short>(load_.port);
    co_await socket_.async_connect(tcp::endpoint(asio::ip::address_v4::loopback(), port), use_);
    socket_.set_option(tcp::no_delay(true));
  }
  asio::awaitable<void> send(std::string line) {
    line += "\n";
    co_await asio::async_write(socket_, asio::buffer(line), use_);
  }
  asio::awaitable<std::string> read_line() {
    const std::size_t length =
        co_await asio::async_read_until(socket_, asio::dynamic_buffer(input_), '\n', use_);
    std::string line = input_.substr(0, length - 1);
    input_.erase(0, length);
    co_return line;
  }
  asio::awaitable<void> ask(std::string line, std::string wanted) {
    co_await send(std::move(line));
    const std::string got = co_await read_line();
    outcome_.expect(got, wanted);
  }

  asio::awaitable<void> say(std::string room, int number) {
    const auto began = Clock::now();
    co_await send("SAY " + std::to_string(id_) + " " + std::to_string(number));
    while (next_from_[id_] == number) co_await hear(room);
    note_latency(began);
  }

  // One broadcast line: of each sender the messages must come in order, and none twice.
  asio::awaitable<void> hear(std::string room) {
    const std::string line = co_await read_line();
    int sender = -1;
    if (const auto at = line.find("> "); at != std::string::npos) {
      sender = std::atoi(line.c_str() + at + 2);
    }
    int& next = next_from_[sender];
    const bool known = sender >= 0 && sender % load_.rooms == id_ % load_.rooms;
    outcome_.expect(line, known ? room + "> " + std::to_string(sender) + " " + std::to_string(next)
                                : "a line of a member of " + room);
    next += 1;
    heard_ += 1;
  }

  asio::awaitable<void> leave() {
    switch (id_ % 4) {
      case 0:
        co_await ask("QUIT", "bye");
        break;
      case 1:  // a reset instead of an orderly end
        socket_.set_option(asio::socket_base::linger(true, 0));
        break;
      case 2: {  // half-closed: the server has to end the connection
        socket_.shutdown(tcp::socket::shutdown_send);
        char byte;
        asio::error_code error;
        co_await socket_.async_read_some(asio::buffer(&byte, 1), asio::redirect_error(use_, error));
        outcome_.expect(error == asio::error::eof ? "end" : error.message(), "end");
        break;
      }
      default:  // in the middle of a line
        co_await asio::async_write(socket_, asio::buffer("SAY unfinis", 11), use_);
    }
    socket_.close();
  }

  static constexpr asio::use_awaitable_t<> use_{};
  const Load& load_;
  Outcome& outcome_;
  const int id_;
  tcp::socket socket_;
  std::string input_;
  std::map<int, int> next_from_;
  int heard_ = 0;
};

static Load parse_load(int argc, char** argv) {
  Load load;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    const int number = std::atoi(argv[i + 1]);
    if (flag == "--port") load.port = number;
    if (flag == "--clients") load.clients = number;
    if (flag == "--messages") load.messages = number;
    if (flag == "--rooms") load.rooms = number;
    if (flag == "--depth") load.depth = number;
    if (flag == "--mode") load.echo = std::string_view(argv[i + 1]) == "echo";
  }
  load.rooms = std::min(load.rooms, load.clients);
  if (argc % 2 == 0 || load.port < 1 || load.clients < 1 || load.rooms < 1 || load.depth < 1) {
    std::fprintf(stderr,
                 "usage: chat_load --port N [--clients N] [--messages N] [--rooms N]\n"
                 "  [--mode chat|echo] [--depth N]\n");
    std::exit(2);
  }
  return load;
}

static long percentile_us(std::vector<long>& sorted_ns, int percent) {
  if (sorted_ns.empty()) return 0;
  return sorted_ns[(sorted_ns.size() - 1) * static_cast<std::size_t>(percent) / 100] / 1000;
}

int main(int argc, char** argv) {
  const Load load = parse_load(argc, argv);
  asio::io_context io(1);
  Outcome outcome;
  Rendezvous all_joined(io, load.clients), all_done(io, load.clients);
  std::vector<std::unique_ptr<Client>> clients;
  int failed = 0;
  for (int id = 0; id < load.clients; ++id) {
    clients.push_back(std::make_unique<Client>(io, load, outcome, id));
    auto work = load.echo ? clients.back()->echo(all_joined, all_done)
                          : clients.back()->chat(all_joined, all_done);
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr error) {
      if (!error) return;
      failed += 1;
      // The others would wait for this client for ever.
      io.stop();
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& what) {
        std::fprintf(stderr, "chat_load: client %d: %s\n", id, what.what());
      }
    });
  }
  const auto began = Clock::now();
  io.run();
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  std::sort(outcome.latencies_ns.begin(), outcome.latencies_ns.end());
  std::printf("%s: %d clients, %ld replies in %.3f s: %.0f replies/s, p50 %ld us, p99 %ld us; ",
              load.echo ? "echo" : "chat", load.clients, outcome.replies, seconds,
              static_cast<double>(outcome.replies) / seconds,
              percentile_us(outcome.latencies_ns, 50), percentile_us(outcome.latencies_ns, 99));
  std::printf("%ld wrong, %d clients failed\n", outcome.wrong, failed);
  return outcome.wrong == 0 && failed == 0 ? 0 : 1;
}
