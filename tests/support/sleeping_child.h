// A forked child that sleeps in a pipe read under known callers, for tests that look at it from
// outside. Its code lies where this process's does.
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>

namespace track::test {

struct SleeperNotes {
  volatile uint64_t returns[2];  // return addresses of the innermost two functions, leaf first
};

__attribute__((noinline)) inline int sleep_inner(SleeperNotes* notes, int descriptor) {
  notes->returns[0] = reinterpret_cast<uint64_t>(__builtin_return_address(0));
  char byte = 0;
  const ssize_t n = read(descriptor, &byte, 1);
  return n == 1 ? byte : -1;
}

__attribute__((noinline)) inline int sleep_outer(SleeperNotes* notes, int descriptor) {
  notes->returns[1] = reinterpret_cast<uint64_t>(__builtin_return_address(0));
  const int answer = sleep_inner(notes, descriptor);
  asm volatile("");  // the call above is no tail call
  return answer;
}

class SleepingChild {
 public:
  using Body = int (*)(SleeperNotes* notes, int descriptor);

  // body: calls sleep_outer.
  explicit SleepingChild(Body body = sleep_outer)
      : notes_(static_cast<SleeperNotes*>(
            mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (pipe(ends_) != 0) throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      close(ends_[1]);
      _exit(body(notes_, ends_[0]));
    }
    close(ends_[0]);
  }
  ~SleepingChild() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(ends_[1]);
    munmap(notes_, 4096);
  }
  SleepingChild(const SleepingChild&) = delete;

  pid_t pid() const { return pid_; }
  uint64_t return_address(int level) const { return notes_->returns[level]; }

  // Wakes it; what its read returned: the byte, or 255.
  int wake(char byte) {
    if (write(ends_[1], &byte, 1) != 1) throw std::runtime_error("write");
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  SleeperNotes* notes_;
  int ends_[2];
  pid_t pid_ = -1;
};

}  // namespace track::test
