#include "cli/process/room.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#include <utility>

#include "cli/model/error.h"
#include "cli/process/proc.h"

namespace track::process {
namespace {

constexpr uint64_t kHuge = uint64_t{2} << 20;

std::mutex spare_lock;
struct {
  std::byte* data = nullptr;
  uint64_t bytes = 0;
} spare;  // the largest that was given back

}  // namespace

void require_room(const std::string& whose, uint64_t bytes) {
  const uint64_t available = bytes_in("/proc/meminfo", "MemAvailable");
  // Of a heap of small blocks: what is known of each block takes a third to a half of it.
  const uint64_t needed = bytes / 2 * 3;
  if (available == 0 || needed <= available / 10 * 9) {
    // With very small blocks it is more. Should memory run out, this process is to go, not that
    // one.
    if (const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); file >= 0) {
      [[maybe_unused]] const ssize_t written = write(file, "1000", 4);
      close(file);
    }
    return;
  }
  throw Error(whose + " has " + std::to_string(bytes >> 20) +
              " MiB to look through, which may take " + std::to_string(needed >> 20) +
              " MiB, and this machine has " + std::to_string(available >> 20) +
              " MiB left: nothing can be proved here");
}

Room::Room(uint64_t bytes) {
  if (bytes == 0) return;
  {
    const std::lock_guard lock(spare_lock);
    std::swap(data_, spare.data);
    std::swap(bytes_, spare.bytes);
  }
  if (bytes_ >= bytes) return;
  if (data_ != nullptr) munmap(data_, bytes_);
  data_ = nullptr;
  grow(bytes);
}

Room::~Room() {
  if (data_ == nullptr) return;
  {
    const std::lock_guard lock(spare_lock);
    if (bytes_ > spare.bytes) {
      std::swap(data_, spare.data);
      std::swap(bytes_, spare.bytes);
    }
  }
  if (data_ != nullptr) munmap(data_, bytes_);
}

void Room::grow(uint64_t bytes) {
  if (bytes <= bytes_) return;
  // With what the next look at the same process may need beyond it: address space only.
  const uint64_t whole = (bytes + bytes / 8 + 4 * kHuge) & ~(kHuge - 1);
  void* room = data_ != nullptr ? mremap(data_, bytes_, whole, MREMAP_MAYMOVE)
                                : mmap(nullptr, whole, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) throw Error("no address space for a copy of the process");
  madvise(room, whole, MADV_HUGEPAGE);
  madvise(room, whole, MADV_DONTFORK);  // no part of a child that may be looked at next
  data_ = static_cast<std::byte*>(room);
  bytes_ = whole;
}

void Room::touch(uint64_t bytes) {
  madvise(data_, bytes < bytes_ ? bytes : bytes_, MADV_POPULATE_WRITE);
}

Room::Room(Room&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Room& Room::operator=(Room&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

}  // namespace track::process
