// what: The only other reference comes with a signal that is blocked and pending.
// expect: gate-clean
#include <signal.h>
#include <unistd.h>

#include "samples/support/hidden_reference.h"

int main() {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGRTMIN + 3);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  hidden::start_waiter([](auto* gate) {
    sigval value{};
    value.sival_ptr = gate;
    sigqueue(getpid(), SIGRTMIN + 3, value);
  });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
