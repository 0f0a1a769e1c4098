#include "cli/verbs/exit_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstring>

#include "cli/model/error.h"

namespace track::verbs {
namespace {

// Shared futexes: the other side is another process.
void futex_wait(std::atomic<uint32_t>& word, uint32_t value) {
  syscall(SYS_futex, &word, FUTEX_WAIT, value, nullptr, nullptr, 0);
}
void futex_wake(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

// Its header, mapped; MAP_FAILED and errno when there is none. A process that was killed while it
// made its file leaves one that is empty, or whose first page has no room behind it on a full disk:
// to touch that would be SIGBUS.
void* map_header(int fd) {
  struct stat file {};
  if (fstat(fd, &file) != 0) return MAP_FAILED;
  if (file.st_size < static_cast<off_t>(wire::kHeaderBytes)) {
    errno = ENODATA;
    return MAP_FAILED;
  }
  void* p = mmap(nullptr, wire::kHeaderBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (p == MAP_FAILED) return MAP_FAILED;
  // Kernels before 5.14 do not know this (EINVAL).
  if (madvise(p, wire::kHeaderBytes, MADV_POPULATE_WRITE) != 0 && errno != EINVAL) {
    const int error = errno;
    munmap(p, wire::kHeaderBytes);
    errno = error;
    return MAP_FAILED;
  }
  return p;
}

}  // namespace

ExitWatch::ExitWatch(const std::string& path, int event_fd) : event_fd_(event_fd) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  void* p = fd >= 0 ? map_header(fd) : MAP_FAILED;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (p == MAP_FAILED) throw Error("cannot watch " + path + ": " + std::strerror(error));
  header_ = static_cast<wire::Header*>(p);
  thread_ = std::thread([this] { watch(); });
}

void ExitWatch::watch() {
  std::atomic<uint32_t>& word = control().exit_word;
  for (;;) {
    uint32_t value = word.load(std::memory_order_acquire);
    if (value == wire::kExitNone) {
      futex_wait(word, value);
      continue;
    }
    if (value != wire::kExitWaiting) return;
    if (!word.compare_exchange_strong(value, wire::kExitTaken, std::memory_order_acq_rel)) continue;
    futex_wake(word);
    taken_.store(true, std::memory_order_release);
    const uint64_t one = 1;
    while (::write(event_fd_, &one, sizeof one) < 0 && errno == EINTR) {
    }
    return;
  }
}

void ExitWatch::release() {
  control().exit_word.store(wire::kExitReleased, std::memory_order_release);
  futex_wake(control().exit_word);
}

ExitWatch::~ExitWatch() {
  // Nobody looks any more: the process, if it lives, is not to wait for us.
  control().pause_at_exit.store(0, std::memory_order_release);
  control().reader_pid.store(0, std::memory_order_release);
  release();
  thread_.join();
  munmap(header_, wire::kHeaderBytes);
}

}  // namespace track::verbs
