// what: abort whose handler returns; one child whose handler jumps out and goes on
// leaves: recordings
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/torture/check.h"

static sigjmp_buf place;

int main() {
  setvbuf(stdout, nullptr, _IONBF, 0);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGABRT, [](int) { siglongjmp(place, 1); });
    if (sigsetjmp(place, 1) == 0) abort();
    usleep(10);
    free(malloc(100));
    exit(11);
  }
  int status = 0;
  waitpid(child, &status, 0);
  SHOW(status);
  signal(SIGABRT, [](int) { puts("handler"); });
  abort();
}
