// what: An event loop sits in epoll_wait; its wake-up descriptor is never written (S04, S22).
// expect: outlived-task suspected count=1 created_by=start_loop blocked_in=run_loop
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <latch>
#include <thread>

static std::latch polling(1);

void run_loop(int poller) {
  polling.count_down();
  epoll_event ready;
  while (epoll_wait(poller, &ready, 1, -1) != 1) {
  }
}

void start_loop(int wakeup) {
  const int poller = epoll_create1(0);
  epoll_event interest{.events = EPOLLIN, .data = {}};
  epoll_ctl(poller, EPOLL_CTL_ADD, wakeup, &interest);
  std::thread(run_loop, poller).detach();
}

int main() {
  start_loop(eventfd(0, 0));
  polling.wait();
}
