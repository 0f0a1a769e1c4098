// what: a process born without descriptors 0, 1 and 2 gets them for its own files
// leaves: recordings
#include <fcntl.h>
#include <sys/wait.h>

#include <thread>

#include "tests/torture/check.h"

int main(int argc, char** argv) {
  if (argc > 1) {
    const int a = open("/dev/null", O_RDWR), b = open("/dev/null", O_RDWR),
              c = open("/dev/null", O_RDWR);
    std::thread([] { usleep(10); }).join();
    return a * 16 + b * 4 + c;
  }
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 3; ++i) close(i);
    execl("/proc/self/exe", argv[0], "child", nullptr);
    _exit(99);
  }
  int status = 0;
  waitpid(child, &status, 0);
  SHOW(WEXITSTATUS(status));
}
