// what: privileges dropped after fork, chdir, a process that may not be dumped, chroot
// leaves: recordings
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <thread>

#include "tests/torture/check.h"

static int run(int way) {
  int good = 0;
  if (way == 0) good += setgroups(0, nullptr) == 0 && setgid(65534) == 0 && setuid(65534) == 0;
  if (way == 1) good += chdir("/") == 0 && chroot("/usr") == 0;
  if (way == 2) good += prctl(PR_SET_DUMPABLE, 0) == 0;
  if (way == 3) good += setresuid(65534, 65534, 65534) == 0;
  std::thread([&] {
    usleep(10);
    ++good;
  }).join();
  free(malloc(100));
  usleep(10);
  return good;
}

int main() {
  if (geteuid() != 0) puts("not root: the same with and without");
  for (int way = 0; way < 4; ++way) {
    const pid_t child = fork();
    if (child == 0) exit(run(way));
    int status = 0;
    waitpid(child, &status, 0);
    SHOW(WEXITSTATUS(status));
  }
  SHOW(run(3));
}
