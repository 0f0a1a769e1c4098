// what: daemon() in all its forms: who is whose child, where it stands, what its descriptors are
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <thread>

#include "tests/torture/check.h"

static bool is_null(int fd) {
  struct stat here {
  }, null{};
  return fstat(fd, &here) == 0 && stat("/dev/null", &null) == 0 && here.st_rdev == null.st_rdev;
}

static void try_it(int stay, int keep) {
  int told[2];
  if (pipe(told) != 0) return;
  fflush(stdout);
  const pid_t first = fork();
  if (first == 0) {
    free(malloc(100));
    const pid_t before = getpid();
    errno = 77;
    const int rc = daemon(stay, keep);
    char where[4096] = "";
    const bool root = getcwd(where, sizeof where) != nullptr && strcmp(where, "/") == 0;
    char line[200];
    const int n =
        snprintf(line, sizeof line, "%d %d errno %d other %d leader %d root %d null %d%d%d", stay,
                 keep, errno, rc, getpid() != before, getsid(0) == getpid(), root,
                 is_null(0) + 2 * is_null(1), is_null(2));
    if (write(told[1], line, static_cast<size_t>(n)) != n) _exit(1);
    close(told[1]);
    exit(0);
  }
  close(told[1]);
  char line[200] = "";
  ssize_t length = 0, n;
  while ((n = read(told[0], line + length, sizeof line - 1 - static_cast<size_t>(length))) > 0)
    length += n;
  close(told[0]);
  int status = -1;
  CHECK(waitpid(first, &status, 0) == first);
  SHOW(status);
  puts(line);
}

int main() {
  setvbuf(stdout, nullptr, _IONBF, 0);
  for (int stay = 0; stay < 2; ++stay)
    for (int keep = 0; keep < 2; ++keep) try_it(stay, keep);
  // No descriptor left for the device.
  const int pid = fork();
  if (pid == 0) {
    close(1);
    _exit(daemon(1, 0) == 0 && fcntl(3, F_GETFD) == -1 ? 0 : 1);
  }
  waitpid(pid, nullptr, 0);
  // The recorded process itself ends here; what goes on is its child.
  SHOW(daemon(1, 1));
  std::thread([] { puts("thread of the daemon"); }).join();
}
