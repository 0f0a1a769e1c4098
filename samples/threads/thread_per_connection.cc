// what: A thread per connection ends with its peer, but the table of threads only grows (S03, S14).
// expect: unjoined-thread proved count=8 created_by=accept_connection
#include <sys/socket.h>
#include <unistd.h>

#include <latch>
#include <thread>
#include <vector>

static std::latch closed(8);

void serve(int connection) {
  char byte;
  while (read(connection, &byte, 1) > 0) {
  }
  close(connection);
  closed.count_down();
}

class Server {
 public:
  void accept_connection(int connection) { threads_.emplace_back(serve, connection); }

 private:
  std::vector<std::thread> threads_;
};

int main() {
  auto* server = new Server;
  for (int i = 0; i < 8; ++i) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
    server->accept_connection(ends[0]);
    if (write(ends[1], "x", 1) != 1) return 1;
    close(ends[1]);
  }
  closed.wait();
}
