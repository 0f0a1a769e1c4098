// what: The only other reference comes with a timer that has yet to expire.
// expect: gate-clean
#include <signal.h>
#include <time.h>

#include "samples/support/hidden_reference.h"

static timer_t timer;

static void post(int, siginfo_t* info, void*) {
  static_cast<hidden::Gate*>(info->si_value.sival_ptr)->release();
}

int main() {
  struct sigaction action {};
  action.sa_sigaction = post;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGRTMIN + 3, &action, nullptr);
  hidden::start_waiter([](auto* gate) {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGRTMIN + 3;
    event.sigev_value.sival_ptr = gate;
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    itimerspec when{};
    when.it_value.tv_sec = 3600;
    timer_settime(timer, 0, &when, nullptr);
  });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
