#include "cli/process/streams.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

namespace track::process {
namespace {

constexpr int kLargestPiece = 32 << 10;  // of a local socket's queue

std::string path_of(pid_t pid, const char* folder, uint64_t descriptor) {
  return "/proc/" + std::to_string(pid) + folder + std::to_string(descriptor);
}

// The target's own, for as long as it takes to ask.
class BorrowedDescriptor {
 public:
  BorrowedDescriptor(pid_t pid, uint64_t descriptor) {
    const int process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (process < 0) return;
    copy_ = static_cast<int>(syscall(SYS_pidfd_getfd, process, descriptor, 0));
    close(process);
  }
  ~BorrowedDescriptor() {
    if (copy_ >= 0) close(copy_);
  }
  BorrowedDescriptor(const BorrowedDescriptor&) = delete;

  // -1: cannot be told.
  int option(int name) const {
    int value = 0;
    socklen_t bytes = sizeof value;
    return copy_ >= 0 && getsockopt(copy_, SOL_SOCKET, name, &value, &bytes) == 0 ? value : -1;
  }

 private:
  int copy_ = -1;
};

// A local socket's writer queues pieces of up to half of what may be queued (unix_stream_sendmsg).
uint64_t moved_at_once(const BorrowedDescriptor& socket) {
  const int type = socket.option(SO_TYPE);
  if (type != SOCK_STREAM) return type < 0 ? 0 : kAnyBytes;
  if (socket.option(SO_DOMAIN) != AF_UNIX) return 0;
  constexpr int kOverhead = 64;
  return static_cast<uint64_t>(
      std::clamp(socket.option(SO_SNDBUF) / 2 - kOverhead, 0, kLargestPiece));
}

}  // namespace

uint64_t moved_at_once(pid_t pid, uint64_t descriptor) {
  struct stat status {};
  if (stat(path_of(pid, "/fd/", descriptor).c_str(), &status) != 0) return 0;
  if (S_ISFIFO(status.st_mode)) return PIPE_BUF;
  if (S_ISSOCK(status.st_mode)) return moved_at_once(BorrowedDescriptor(pid, descriptor));
  return S_ISCHR(status.st_mode) ? 0 : kAnyBytes;
}

bool is_blocking_stream(pid_t pid, uint64_t descriptor) {
  if (moved_at_once(pid, descriptor) == kAnyBytes) return false;
  std::ifstream file(path_of(pid, "/fdinfo/", descriptor));
  for (std::string word; file >> word;)
    if (word == "flags:" && file >> word)
      return (std::strtoul(word.c_str(), nullptr, 8) & O_NONBLOCK) == 0;
  return false;
}

}  // namespace track::process
