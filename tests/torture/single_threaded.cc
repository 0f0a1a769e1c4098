// what: no helper thread, descriptor, socket; name, signal stack and flags as without us
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/torture/check.h"

static int entries(const char* path) {
  DIR* dir = opendir(path);
  int n = 0;
  while (readdir(dir) != nullptr) ++n;
  closedir(dir);
  return n;
}

int main() {
  SHOW(entries("/proc/self/task"));
  SHOW(entries("/proc/self/fd"));
  usleep(10);
  free(malloc(100));
  SHOW(entries("/proc/self/task"));
  SHOW(entries("/proc/self/fd"));
  const int first = dup(0);
  SHOW(first);
  stack_t stack{};
  sigaltstack(nullptr, &stack);
  SHOW(stack.ss_flags);
  SHOW(prctl(PR_GET_DUMPABLE));
  SHOW(prctl(PR_GET_SECCOMP));
  SHOW(prctl(PR_GET_NO_NEW_PRIVS));
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) _exit(unshare(CLONE_NEWUSER) == 0 ? 1 : errno);
  int status = 0;
  waitpid(child, &status, 0);
  SHOW(WEXITSTATUS(status));
  pthread_key_t key;
  int keys = 0;
  while (pthread_key_create(&key, nullptr) == 0) ++keys;
  CHECK(keys >= 1000);
}
