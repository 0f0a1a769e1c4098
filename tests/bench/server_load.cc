// server_load PROTOCOL ADDRESS CONNECTIONS SECONDS: a closed-loop client of a server on this
// machine. ADDRESS is a port of 127.0.0.1 or the path of a socket. One thread, one request in
// flight on every connection, each reply checked. The first fifth of the time warms up and is not
// counted. Prints one line of JSON; exit code 1 when a reply was wrong or a connection broke.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/bench/load_protocols.h"

namespace track::bench {
namespace {

struct Connection {
  int descriptor = -1;
  int number = 0;
  uint64_t exchanges = 0;
  Exchange current;
  std::string received;
  double sent_s = 0;
};

struct Outcome {
  uint64_t exchanges = 0;  // the warm-up's too
  std::vector<float> latencies_us;
  std::string problem;
};

double now_s() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

int connect_to(const std::string& address) {
  const bool local = address.starts_with('/');
  const int descriptor = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  strncpy(path.sun_path, address.c_str(), sizeof path.sun_path - 1);
  sockaddr_in port{};
  port.sin_family = AF_INET;
  port.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str())));
  port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* target =
      local ? reinterpret_cast<const sockaddr*>(&path) : reinterpret_cast<const sockaddr*>(&port);
  if (connect(descriptor, target, local ? sizeof path : sizeof port) != 0) return -1;
  const int on = 1;
  if (!local) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

// Requests are smaller than any socket buffer and sent only when the last reply is in: they fit.
bool send_next(Connection& connection, const Protocol& protocol) {
  connection.current = protocol.make(connection.number, connection.exchanges);
  connection.received.clear();
  connection.sent_s = now_s();
  const std::string& request = connection.current.request;
  return send(connection.descriptor, request.data(), request.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(request.size());
}

std::string shown(std::string_view bytes) {
  std::string text;
  for (char c : bytes.substr(0, 80)) text += c >= ' ' && c <= '~' ? c : '.';
  return text;
}

// Takes what has arrived; sends the next request when the reply is complete. False: over.
bool advance(Connection& connection, const Protocol& protocol, double count_from_s,
             Outcome& outcome) {
  char buffer[16384];
  const ssize_t size = recv(connection.descriptor, buffer, sizeof buffer, 0);
  if (size <= 0) {
    outcome.problem = size == 0 ? "the server closed a connection" : std::strerror(errno);
    return false;
  }
  connection.received.append(buffer, static_cast<size_t>(size));
  const Answer answer = protocol.judge(connection.received, connection.current.expected);
  if (answer == Answer::incomplete) return true;
  if (answer == Answer::wrong) {
    outcome.problem =
        "wrong reply: " + shown(connection.received) + " to " + shown(connection.current.request);
    return false;
  }
  const double now = now_s();
  if (connection.exchanges >= protocol.set_up && now >= count_from_s) {
    outcome.latencies_us.push_back(static_cast<float>((now - connection.sent_s) * 1e6));
  }
  ++connection.exchanges;
  if (send_next(connection, protocol)) return true;
  outcome.problem = std::string("send: ") + std::strerror(errno);
  return false;
}

Outcome load(const Protocol& protocol, const std::string& address, int count, double seconds) {
  Outcome outcome;
  std::vector<Connection> connections(static_cast<size_t>(count));
  const int poller = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < count; ++i) {
    Connection& connection = connections[static_cast<size_t>(i)];
    connection.number = i;
    connection.descriptor = connect_to(address);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    if (connection.descriptor < 0 ||
        epoll_ctl(poller, EPOLL_CTL_ADD, connection.descriptor, &event) != 0 ||
        !send_next(connection, protocol)) {
      outcome.problem = "cannot connect to " + address + ": " + std::strerror(errno);
      return outcome;
    }
  }
  const double began_s = now_s();
  epoll_event events[64];
  while (now_s() < began_s + seconds) {
    const int ready = epoll_wait(poller, events, 64, 5000);
    if (ready == 0) outcome.problem = "no reply for five seconds";
    for (int i = 0; i < ready; ++i) {
      advance(*static_cast<Connection*>(events[i].data.ptr), protocol, began_s + seconds / 5,
              outcome);
    }
    if (!outcome.problem.empty()) break;
  }
  for (const Connection& connection : connections) {
    outcome.exchanges += connection.exchanges;
    close(connection.descriptor);
  }
  return outcome;
}

double quantile(std::vector<float>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(static_cast<double>(values.size() - 1) * share);
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<size_t>(at)];
}

}  // namespace
}  // namespace track::bench

int main(int count, char** arguments) {
  using namespace track::bench;
  const Protocol* protocol = count == 5 ? find_protocol(arguments[1]) : nullptr;
  if (protocol == nullptr) {
    std::fprintf(stderr,
                 "usage: server_load memcached|redis|http|mysql|line PORT|PATH CONNECTIONS "
                 "SECONDS\n");
    return 2;
  }
  const double seconds = std::atof(arguments[4]);
  Outcome outcome = load(*protocol, arguments[2], std::atoi(arguments[3]), seconds);
  const size_t requests = outcome.latencies_us.size();
  if (outcome.problem.empty() && requests == 0) outcome.problem = "no request was answered";
  if (!outcome.problem.empty()) {
    std::fprintf(stderr, "server_load: %s\n", outcome.problem.c_str());
    return 1;
  }
  std::printf(
      "{\"requests\":%zu,\"exchanges\":%llu,\"per_s\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
      requests, static_cast<unsigned long long>(outcome.exchanges),
      static_cast<double>(requests) / (seconds * 0.8), quantile(outcome.latencies_us, 0.5),
      quantile(outcome.latencies_us, 0.99));
  return 0;
}
