// what: a clone(CLONE_VM) child that shares our memory and thread pointer and runs at the same time
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "tests/torture/check.h"

static char child_stack[262144];
static int descriptor;

[[gnu::noinline]] static int deeper(int depth) {
  if (depth == 0) return write(descriptor, "x", 1) == 1 ? 1 : 0;
  return deeper(depth - 1) + (depth == 1000);
}

int main() {
  descriptor = open("/dev/null", O_WRONLY);
  const pid_t pid = clone(
      [](void*) -> int {
        int sum = 0;
        for (int i = 0; i < 30000; ++i) sum += deeper(i % 40);
        return sum == 30000 ? 0 : 1;
      },
      child_stack + sizeof child_stack, CLONE_VM | SIGCHLD, nullptr);
  int sum = 0;
  for (int i = 0; i < 30000; ++i) sum += deeper(i % 30);
  SHOW(sum);
  int status = 0;
  waitpid(pid, &status, 0);
  SHOW(status);
}
