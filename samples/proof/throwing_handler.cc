// what: Nobody knows the semaphore, but a handler ends the wait by an exception that it throws:
// what: who has handlers and may throw from them is never called stuck for sure.
// expect: stuck-task|outlived-task likely|suspected count=1 created_by=start_waiter
#include <pthread.h>
#include <signal.h>

#include <stdexcept>

#include "samples/support/hidden_reference.h"

static void give_up(int) {
  throw std::runtime_error("interrupted");
}

static void wait_for_signal() {
  auto* gate = new hidden::Gate(0);
  try {
    hidden::waiting.release();
    gate->acquire();
  } catch (const std::runtime_error&) {  // as SIGUSR1 may have it
    delete gate;
  }
}

[[gnu::noinline]] static void start_waiter() {
  std::thread(wait_for_signal).detach();
}

int main() {
  signal(SIGUSR1, give_up);
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  start_waiter();
  hidden::waiting.acquire();
  pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
}
