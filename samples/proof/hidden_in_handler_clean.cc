// what: A signal handler ends the wait: it knows the semaphore by a variable of the waiting thread.
// expect: gate-clean
#include <signal.h>

#include "samples/support/hidden_reference.h"

static thread_local hidden::Gate* mine;

static void post(int) {
  mine->release();
}

static void wait_for_signal() {
  auto gate = std::make_unique<hidden::Gate>(0);
  mine = gate.get();
  hidden::waiting.release();
  gate->acquire();
}

int main() {
  signal(SIGUSR1, post);
  std::thread(wait_for_signal).detach();
  hidden::waiting.acquire();
}
