// what: A loop waits for its eventfd and for a timer that is about to expire.
// expect: gate-clean
// options: --timeout 1
// exit: 124
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <thread>

int main() {
  const int loop = epoll_create1(0);
  const int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  const itimerspec in_20_s{{0, 0}, {20, 0}};
  timerfd_settime(timer, 0, &in_20_s, nullptr);
  for (const int descriptor : {eventfd(0, 0), timer}) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &event) != 0) return 1;
  }
  std::thread([loop] {
    epoll_event event{};
    epoll_wait(loop, &event, 1, -1);
  }).join();
}
