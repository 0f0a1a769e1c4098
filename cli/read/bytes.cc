#include "cli/read/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>

#include "cli/model/error.h"

namespace track::read {

Bytes::Descriptor::~Descriptor() {
  if (fd >= 0) close(fd);
}

Bytes Bytes::file(const std::string& path) {
  Bytes bytes;
  bytes.file_ = std::make_shared<Descriptor>();
  // O_NONBLOCK: a FIFO in the place of a recording must not make us wait.
  bytes.file_->fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (bytes.file_->fd < 0) throw Error("cannot open " + path + ": " + std::strerror(errno));
  struct stat status {};
  if (fstat(bytes.file_->fd, &status) != 0)
    throw Error("cannot stat " + path + ": " + std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    throw Error(path +
                " is not a regular file; give a recording (rec.PID.N), a directory of them "
                "or a PID");
  bytes.size_ = static_cast<uint64_t>(status.st_size);
  return bytes;
}

Bytes Bytes::memory(std::span<const std::byte> all) {
  Bytes bytes;
  bytes.memory_ = all.data();
  bytes.size_ = all.size();
  return bytes;
}

Bytes Bytes::process(pid_t pid, uint64_t address, uint64_t size) {
  Bytes bytes;
  bytes.pid_ = pid;
  bytes.address_ = address;
  bytes.size_ = size;
  return bytes;
}

bool Bytes::read(uint64_t offset, void* to, uint64_t bytes) const {
  if (offset > size_ || bytes > size_ - offset) return false;
  if (memory_ != nullptr) {
    if (bytes != 0) std::memcpy(to, memory_ + offset, bytes);
    return true;
  }
  auto* at = static_cast<char*>(to);
  while (bytes > 0) {
    ssize_t n = 0;
    if (file_) {
      n = pread(file_->fd, at, bytes, static_cast<off_t>(offset));
    } else {
      iovec local{at, bytes};
      iovec remote{reinterpret_cast<void*>(address_ + offset), bytes};
      n = process_vm_readv(pid_, &local, 1, &remote, 1, 0);
    }
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    offset += static_cast<uint64_t>(n);
    bytes -= static_cast<uint64_t>(n);
  }
  return true;
}

}  // namespace track::read
