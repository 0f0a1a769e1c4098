// what: Nobody knows the semaphore, but a handler can jump out of the wait: its buffer is known.
// expect: gate-clean
#include <setjmp.h>
#include <signal.h>

#include "samples/support/hidden_reference.h"

static sigjmp_buf before;

static void jump(int) {
  siglongjmp(before, 1);
}

static void wait_for_signal() {
  auto* gate = new hidden::Gate(0);
  if (sigsetjmp(before, 1) != 0) return;
  hidden::waiting.release();
  gate->acquire();
}

[[gnu::noinline]] static void start_waiter() {
  std::thread(wait_for_signal).detach();
}

int main(int argc, char**) {
  signal(SIGUSR1, jump);
  start_waiter();
  hidden::waiting.acquire();
  if (argc > 1) raise(SIGUSR1);
}
