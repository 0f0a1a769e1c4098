// what: A reader thread waits on a socket whose peer end is kept open and never written (S03).
// expect: outlived-task suspected count=1 created_by=serve_client blocked_in=read_requests
#include <sys/socket.h>
#include <unistd.h>

#include <latch>
#include <thread>

static std::latch answered(1);

void read_requests(int client) {
  char byte;
  while (read(client, &byte, 1) == 1) answered.count_down();
}

void serve_client(int client) {
  std::thread(read_requests, client).detach();
}

int main() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
  serve_client(ends[0]);
  if (write(ends[1], "x", 1) != 1) return 1;
  answered.wait();
}
