// what: All threads sleep, and a child that runs in the same memory is about to wake one.
// expect: gate-clean
// options: --timeout 1
// exit: 124
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <memory>
#include <thread>

static int wake_later(void* semaphore) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sleep(20);
  sem_post(static_cast<sem_t*>(semaphore));
  return 0;
}

int main() {
  constexpr size_t kStackBytes = 64 << 10;
  static char stack[kStackBytes];
  auto semaphore = std::make_unique<sem_t>();
  sem_init(semaphore.get(), 0, 0);
  std::thread waiter([&] { sem_wait(semaphore.get()); });
  if (clone(wake_later, stack + kStackBytes, CLONE_VM | SIGCHLD, semaphore.get()) < 0) return 1;
  waiter.join();
}
