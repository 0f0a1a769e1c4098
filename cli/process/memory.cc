#include "cli/process/memory.h"

#include <errno.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>

namespace track::process {
namespace {

constexpr uint64_t kGap = 2048;  // fetched along rather than asked for separately
constexpr uint64_t kMostAtOnce = 1 << 20;

}  // namespace

bool write_memory(pid_t pid, uint64_t address, const void* from, size_t bytes) {
  iovec local{const_cast<void*>(from), bytes};
  iovec remote{reinterpret_cast<void*>(address), bytes};
  return process_vm_writev(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(bytes);
}

bool Memory::read(uint64_t address, void* to, size_t bytes) const {
  iovec local{to, bytes};
  iovec remote{reinterpret_cast<void*>(address), bytes};
  return process_vm_readv(pid_, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(bytes);
}

int Memory::probe(uint64_t address) const {
  char byte = 0;
  return read(address, &byte, 1) ? 0 : errno;
}

void Memory::read_each(std::span<const uint64_t> addresses, size_t bytes, std::span<std::byte> to,
                       std::vector<bool>& found) const {
  found.assign(addresses.size(), false);
  std::vector<std::byte> buffer(kMostAtOnce);
  size_t first = 0;
  while (first < addresses.size()) {
    const uint64_t start = addresses[first];
    size_t last = first;
    while (last + 1 < addresses.size() && addresses[last + 1] - addresses[last] <= kGap &&
           addresses[last + 1] + bytes - start <= kMostAtOnce)
      ++last;
    const uint64_t length = addresses[last] + bytes - start;
    const bool together = last > first && read(start, buffer.data(), length);
    for (size_t i = first; i <= last; ++i) {
      std::byte* place = to.data() + i * bytes;
      if (together) std::memcpy(place, buffer.data() + (addresses[i] - start), bytes);
      found[i] = together || read(addresses[i], place, bytes);
    }
    first = last + 1;
  }
}

}  // namespace track::process
