// what: exec of itself five times, then with an empty environment
// leaves: recordings
#include <sys/prctl.h>

#include "tests/torture/check.h"

extern char** environ;

int main(int argc, char** argv) {
  const int round = argc > 1 ? atoi(argv[1]) : 0;
  printf("round %d\n", round);
  fflush(stdout);
  usleep(10);
  char number[16];
  snprintf(number, sizeof number, "%d", round + 1);
  char* const arguments[] = {argv[0], number, nullptr};
  char* const nothing[] = {nullptr};
  if (round < 5) execve("/proc/self/exe", arguments, round < 4 ? environ : nothing);
  SHOW(getenv("LD_PRELOAD") == nullptr);
  return 4;
}
