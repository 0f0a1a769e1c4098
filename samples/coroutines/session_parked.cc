// what: The client has gone, but its session stays suspended in the read of the next line (S03).
// expect: orphaned-coroutine proved count=2 created_by=session
#include <string>

#include "samples/support/task.h"

struct Connection {
  co::event readable;
  std::string line;
  bool open = true;
};

static int lines_served = 0;

// Not inlined: clang would elide the frame of a callee that it sees through.
[[gnu::noinline]] co::task<std::string> read_line(Connection& connection) {
  co_await connection.readable;
  co_return connection.line;
}

co::detached session(Connection* connection) {
  for (;;) {
    const std::string line = co_await read_line(*connection);
    if (line.empty()) break;
    lines_served += 1;
  }
  delete connection;
}

Connection* accept_client() {
  auto* connection = new Connection;
  session(connection);
  return connection;
}

void disconnect(Connection* connection) {
  connection->open = false;
}

int main() {
  for (int i = 0; i < 2; ++i) disconnect(accept_client());
  return lines_served;
}
