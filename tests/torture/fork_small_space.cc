// what: fork where the child has no address space left for a copy of anything
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/torture/check.h"

static long mapped_bytes() {
  long pages = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  if (fscanf(file, "%ld", &pages) != 1) pages = 0;
  fclose(file);
  return pages * 4096;
}

int main() {
  const rlimit limit{static_cast<rlim_t>(mapped_bytes()) + (16 << 20), RLIM_INFINITY};
  CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
  for (int i = 0; i < 3; ++i) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      usleep(10);
      free(malloc(1000));
      exit(9);
    }
    int status = 0;
    SHOW(waitpid(child, &status, 0) == child);
    SHOW(WEXITSTATUS(status));
  }
}
