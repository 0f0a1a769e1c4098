// what: Only the kernel knows the coroutine: its address is the data of an epoll registration.
// expect: gate-clean
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <coroutine>
#include <latch>
#include <thread>

#include "samples/support/task.h"

static std::latch polling(1);

struct Readable {
  int epoll;
  int descriptor;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiting) const {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLONESHOT;
    event.data.ptr = waiting.address();
    epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
  }
  void await_resume() const {}
};

co::detached session(int epoll, int descriptor) {
  co_await Readable{epoll, descriptor};
}

void serve(int epoll) {
  polling.count_down();
  epoll_event event{};
  if (epoll_wait(epoll, &event, 1, -1) == 1)
    std::coroutine_handle<>::from_address(event.data.ptr).resume();
}

int main() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  session(epoll, eventfd(0, EFD_CLOEXEC));
  std::thread(serve, epoll).detach();
  polling.wait();
}
