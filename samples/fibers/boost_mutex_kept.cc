// what: Two Boost fibers wait for a fiber mutex that a third took and returned without giving back.
// expect: outlived-task suspected count=2 created_by=start_requests blocked_in=handle_request
// expect: outlived-task suspected count=1 created_by=main blocked_in=serve
// flags: -Wl,--no-as-needed -lboost_fiber -lboost_context
#include <unistd.h>

#include <boost/fiber/all.hpp>
#include <future>
#include <thread>

namespace {

boost::fibers::mutex& session_table = *new boost::fibers::mutex;  // outlives its waiters

[[gnu::noinline]] void handle_request() {
  session_table.lock();
  asm volatile("" ::: "memory");
}

[[gnu::noinline]] void start_requests() {
  for (int i = 0; i < 3; ++i) boost::fibers::fiber(handle_request).detach();
  asm volatile("" ::: "memory");
}

void serve(std::promise<void> parked) {
  start_requests();
  for (int i = 0; i < 8; ++i) boost::this_fiber::yield();
  parked.set_value();
  for (;;) pause();
}

}  // namespace

int main() {
  std::promise<void> parked;
  std::future<void> all_parked = parked.get_future();
  std::thread(serve, std::move(parked)).detach();
  all_parked.wait();
}
