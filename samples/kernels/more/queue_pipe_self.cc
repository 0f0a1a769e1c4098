// what: A thread writes to its own pipe until it is full; the reader waits for its turn.
// expect: stuck-task created_by=start_logger
// expect: stuck-task created_by=start_drain
// options: --timeout 1s
#include <fcntl.h>
#include <unistd.h>

#include "samples/kernels/kernel.h"

static int ends[2];
static std::mutex turn;

[[gnu::noinline]] std::thread start_logger() {
  return std::thread([] {
    std::unique_lock lock(turn);
    if (kFixed) lock.unlock();
    const std::vector<char> line(4096);
    for (int i = 0; i < 64; ++i)
      if (write(ends[1], line.data(), line.size()) < 0) return;
    close(ends[1]);
  });
}

[[gnu::noinline]] std::thread start_drain() {
  return std::thread([] {
    std::vector<char> line(4096);
    for (;;) {
      std::lock_guard lock(turn);
      if (read(ends[0], line.data(), line.size()) <= 0) return;
    }
  });
}

int main() {
  if (pipe(ends) != 0) return 1;
  std::thread logger = start_logger();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::thread drain = start_drain();
  logger.join();
  drain.join();
}
