// what: All threads sleep, and another process is about to wake one through shared memory.
// expect: gate-clean
// options: --timeout 1
// exit: 124
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <thread>

int main() {
  void* memory =
      mmap(nullptr, sizeof(sem_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* semaphore = static_cast<sem_t*>(memory);
  sem_init(semaphore, 1, 0);
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sleep(20);
    sem_post(semaphore);
    _exit(0);
  }
  std::thread([&] { sem_wait(semaphore); }).join();
}
