// what: Who writes a log into a pipe holds its lock, and a child process will empty the pipe.
// expect: gate-clean
// options: --timeout 1
// exit: 124
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <mutex>
#include <thread>
#include <vector>

static std::mutex lock;

int main() {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sleep(20);
    char part[4096];
    while (read(ends[0], part, sizeof part) > 0) {
    }
    _exit(0);
  }
  std::thread writer([&] {
    std::lock_guard guard(lock);
    const std::vector<char> entry(200'000, 'x');
    if (write(ends[1], entry.data(), entry.size()) != 200'000) std::terminate();
  });
  char byte;
  if (read(ends[0], &byte, 1) != 1) return 1;
  std::lock_guard guard(lock);
  writer.join();
}
