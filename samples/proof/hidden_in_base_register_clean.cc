// what: The only other reference is the GS base of a thread, where some keep their current task.
// expect: gate-clean
#include <asm/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

#include "samples/support/hidden_reference.h"

static std::atomic<bool> done{false};
static std::counting_semaphore<> begun(0);

[[gnu::noinline]] static void take_into_register() {
  hidden::start_waiter([](auto* gate) {
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, hidden::bits(gate)) != 0) std::terminate();
  });
}

static void run_tasks() {
  take_into_register();
  hidden::waiting.acquire();
  hidden::wipe_stack();
  begun.release();
  while (!done) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

int main() {
  std::thread(run_tasks).detach();
  begun.acquire();
}
