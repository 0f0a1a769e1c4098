// rules_plant.cc: a library that does everything libtrack.so may not do, to see that
// tests/e2e/library_rules.py notices.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

namespace {

void* linger(void*) {
  for (;;) pause();
}

__attribute__((constructor)) void misbehave() {
  void* volatile kept = malloc(100);
  (void)kept;
  (void)open("/dev/null", O_RDONLY);
  signal(SIGUSR1, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  pthread_t thread;
  pthread_create(&thread, nullptr, linger, nullptr);
}

}  // namespace

extern "C" int usleep(useconds_t) {
  errno = ENOENT;
  return 0;
}
