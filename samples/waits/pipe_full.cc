// what: Who writes a log into a pipe holds its lock, and who empties the pipe takes the lock first.
// expect: stuck-task proved|likely count=1 created_by=start_writer blocked_in=write_entry
// expect: stuck-task proved|likely count=1 blocked_in=empty_log
// options: --timeout 1
// exit: 23
#include <unistd.h>

#include <mutex>
#include <thread>
#include <vector>

struct Log {
  std::mutex lock;
  int ends[2];
};

[[gnu::noinline]] void write_entry(Log& log, const std::vector<char>& entry) {
  std::lock_guard guard(log.lock);
  // More than the pipe takes: it returns when all of it is in.
  if (write(log.ends[1], entry.data(), entry.size()) != static_cast<ssize_t>(entry.size()))
    std::terminate();
  asm volatile("" ::: "memory");
}

[[gnu::noinline]] std::thread start_writer(Log& log) {
  return std::thread([&log] { write_entry(log, std::vector<char>(200'000, 'x')); });
}

[[gnu::noinline]] size_t empty_log(Log& log) {
  char part[4096];
  if (read(log.ends[0], part, sizeof part) <= 0) return 0;
  std::lock_guard guard(log.lock);
  size_t bytes = sizeof part;
  while (bytes < 200'000) {
    const ssize_t got = read(log.ends[0], part, sizeof part);
    if (got <= 0) break;
    bytes += static_cast<size_t>(got);
  }
  return bytes;
}

int main() {
  Log log;
  if (pipe(log.ends) != 0) return 1;
  std::thread writer = start_writer(log);
  const size_t bytes = empty_log(log);
  writer.join();
  return bytes == 200'000 ? 0 : 1;
}
