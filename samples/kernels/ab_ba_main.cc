// what: main and its flusher lock in opposite order; the test times out.
// expect: deadlock created_by=start_flusher blocked_in=run_flusher|main
// options: --timeout 1s
#include "samples/kernels/kernel.h"

struct Log {
  std::mutex buffer, file;
  std::latch locked{2};
};

void run_flusher(Log& log) {
  std::scoped_lock one(kFixed ? log.buffer : log.file);
  kFixed ? log.locked.count_down() : log.locked.arrive_and_wait();
  std::lock_guard other(kFixed ? log.file : log.buffer);
}

std::thread start_flusher(Log& log) {
  return std::thread(run_flusher, std::ref(log));
}

int main() {
  Log log;
  std::thread flusher = start_flusher(log);
  {
    std::lock_guard buffer(log.buffer);
    kFixed ? log.locked.count_down() : log.locked.arrive_and_wait();
    std::lock_guard file(log.file);
  }
  flusher.join();
}
