// what: An event loop is woken through its descriptor and joined.
// expect: clean
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <thread>

void run_loop(int poller) {
  epoll_event ready;
  while (epoll_wait(poller, &ready, 1, -1) != 1) {
  }
}

std::jthread start_loop(int wakeup) {
  const int poller = epoll_create1(0);
  epoll_event interest{.events = EPOLLIN, .data = {}};
  epoll_ctl(poller, EPOLL_CTL_ADD, wakeup, &interest);
  return std::jthread(run_loop, poller);
}

int main() {
  const int wakeup = eventfd(0, 0);
  std::jthread loop = start_loop(wakeup);
  eventfd_write(wakeup, 1);
}
