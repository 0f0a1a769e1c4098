// what: vfork, posix_spawn, system, popen, clone(CLONE_VM), raw vfork and fork
#include <sched.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/torture/check.h"

extern char** environ;
static char child_stack[65536];

static int wait_for(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

int main() {
  setvbuf(stdout, nullptr, _IONBF, 0);
  char* const arguments[] = {const_cast<char*>("sh"), const_cast<char*>("-c"),
                             const_cast<char*>("echo child; exit 5"), nullptr};
  for (int i = 0; i < 20; ++i) {
    pid_t pid = vfork();
    if (pid == 0) {
      execv("/bin/sh", arguments);
      _exit(1);
    }
    SHOW(wait_for(pid));
    pid = vfork();
    if (pid == 0) _exit(6);
    SHOW(wait_for(pid));
    pid = vfork();
    if (pid == 0) {
      execv("/does/not/exist", arguments);
      if (write(1, "failed\n", 7) != 7) _exit(1);
      _exit(7);
    }
    SHOW(wait_for(pid));
  }
  pid_t pid = 0;
  const int spawned = posix_spawn(&pid, "/bin/sh", nullptr, nullptr, arguments, environ);
  SHOW(wait_for(pid));
  SHOW(spawned);
  SHOW(WEXITSTATUS(system("echo system; exit 3")));
  FILE* pipe = popen("echo popen", "r");
  char line[100] = "";
  CHECK(fgets(line, sizeof line, pipe) != nullptr);
  printf("%s", line);
  SHOW(pclose(pipe));
  pid = clone([](void*) -> int { return 8; }, child_stack + sizeof child_stack, CLONE_VM | SIGCHLD,
              nullptr);
  SHOW(wait_for(pid));
  pid = static_cast<pid_t>(syscall(SYS_vfork));
  if (pid == 0) _exit(9);
  SHOW(wait_for(pid));
  pid = static_cast<pid_t>(syscall(SYS_fork));
  if (pid == 0) {
    usleep(10);
    free(malloc(100));
    exit(10);
  }
  SHOW(wait_for(pid));
  pid = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (pid == 0) _exit(11);
  SHOW(wait_for(pid));
  pid = _Fork();
  if (pid == 0) {
    usleep(10);
    _exit(12);
  }
  SHOW(wait_for(pid));
}
