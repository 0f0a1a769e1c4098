// A child of the test that runs a function of it, a page that both see, and an image of it.
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <new>
#include <thread>

#include "cli/process/image.h"

namespace track::test {

struct Shared {
  std::atomic<uint64_t> counter, address;
  std::atomic<uint32_t> word;
  std::atomic<int> ready, go, signals, failed_line;
};

class Forked {
 public:
  explicit Forked(const std::function<int(Shared&)>& body)
      : shared(new (mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
                   Shared{}) {
    pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      _exit(body(*shared));
    }
  }
  ~Forked() {
    if (pid > 0) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    munmap(shared, 4096);
  }
  Forked(const Forked&) = delete;
  int wait_end() {
    int status = 0;
    waitpid(pid, &status, 0);
    pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  void await_ready() const {
    while (shared->ready == 0) std::this_thread::yield();
  }
  void await_progress() const {
    const uint64_t before = shared->counter;
    while (shared->counter == before) std::this_thread::yield();
  }

  Shared* shared;
  pid_t pid;
};

// Of every thread: on a busy machine one may get no processor within the time it has to stop.
inline ProcessImage whole_image(pid_t pid) {
  for (int tries = 0;; ++tries) {
    ProcessImage image = process::stop_process(pid);
    if (image.coherent || tries == 50) return image;
  }
}

}  // namespace track::test
