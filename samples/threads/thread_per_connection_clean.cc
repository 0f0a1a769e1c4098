// what: A thread per connection, joined when its peer has gone.
// expect: clean
#include <sys/socket.h>
#include <unistd.h>

#include <thread>
#include <vector>

void serve(int connection) {
  char byte;
  while (read(connection, &byte, 1) > 0) {
  }
  close(connection);
}

class Server {
 public:
  void accept_connection(int connection) { threads_.emplace_back(serve, connection); }
  void stop() {
    for (std::thread& thread : threads_) thread.join();
  }

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
  server->stop();
}
