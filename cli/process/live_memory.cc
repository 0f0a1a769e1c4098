#include "cli/process/live_memory.h"

#include <sys/uio.h>

namespace track::process {

size_t LiveMemory::read_some(uint64_t address, void* to, size_t bytes) const {
  if (bytes == 0) return 0;
  iovec local{to, bytes};
  iovec remote{reinterpret_cast<void*>(address), bytes};
  const ssize_t n = process_vm_readv(pid_, &local, 1, &remote, 1, 0);
  return n < 0 ? 0 : static_cast<size_t>(n);
}

}  // namespace track::process
