// what: recordings on a file system that is full, or fills up while the program runs, or is filled
// by somebody else and has room again
// leaves: recordings
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

static int work() {
  std::vector<std::thread> threads;
  for (int i = 0; i < 60; ++i)
    threads.emplace_back([] {
      for (int n = 0; n < 20; ++n) usleep(1);
    });
  for (auto& thread : threads) thread.join();
  int sum = 0;
  for (int i = 0; i < 5000; ++i) {
    int* p = new int(i);
    sum += *p % 2;
    delete p;
  }
  return sum == 2500 ? 17 : 1;
}

// Somebody else takes all there is, gives it back, and takes it again.
static int work_while_filled() {
  int result = work();
  for (int round = 0; round < 3; ++round) {
    const int fd = open("/mnt/filler", O_CREAT | O_WRONLY | O_TRUNC, 0600);
    static const char bytes[4096] = {1};
    while (write(fd, bytes, sizeof bytes) > 0) {
    }
    close(fd);
    if (work() != result) return 2;
    if (round < 2) unlink("/mnt/filler");
    if (work() != result) return 3;
  }
  return result;
}

int main(int argc, char** argv) {
  if (argc > 1) return strcmp(argv[1], "filled") == 0 ? work_while_filled() : work();
  for (const char* size : {"size=16k", "size=64k", "size=300k", "size=2m"}) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      if (unshare(CLONE_NEWNS) != 0 ||
          mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          mount("torture", "/mnt", "tmpfs", 0, size) != 0)
        _exit(17);  // not allowed here: nothing to see
      chmod("/mnt", 0700);
      const char* options = getenv("TRACK_OPTIONS");
      setenv("TRACK_OPTIONS",
             ((options != nullptr ? options : "") + std::string(":dir=/mnt")).c_str(), 1);
      execl("/proc/self/exe", argv[0], strcmp(size, "size=2m") == 0 ? "filled" : "work", nullptr);
      _exit(99);
    }
    int status = 0;
    waitpid(child, &status, 0);
    SHOW(status);
  }
}
