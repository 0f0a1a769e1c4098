// what: A reader thread sees the end of its socket when the peer shuts down.
// expect: clean
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

void read_requests(int client) {
  char byte;
  while (read(client, &byte, 1) == 1) {
  }
}

int main() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
  std::jthread reader(read_requests, ends[0]);
  if (write(ends[1], "x", 1) != 1) return 1;
  shutdown(ends[1], SHUT_WR);
}
