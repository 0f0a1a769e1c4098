// what: The event is still known to a thread that sleeps: it may set it. No proof.
// expect: gate-clean
#include <chrono>
#include <latch>
#include <thread>

#include "samples/support/task.h"

static std::latch sleeping(1);

co::detached handler(co::event& ready) {
  co_await ready;
}

void set_later(co::event* ready) {
  sleeping.count_down();
  std::this_thread::sleep_for(std::chrono::hours(1));
  ready->set();
}

void start_handlers() {
  auto* ready = new co::event;
  for (int i = 0; i < 4; ++i) handler(*ready);
  std::thread(set_later, ready).detach();
}

int main() {
  start_handlers();
  sleeping.wait();
}
