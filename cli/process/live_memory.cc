#include "cli/process/live_memory.h"

#include <sys/uio.h>

namespace track::process {

size_t LiveMemory::read_some(uint64_t address, void* to, size_t bytes) const {
  size_t done = 0;
  // One call gives 2 GiB at most.
  while (done < bytes) {
    iovec local{static_cast<char*>(to) + done, bytes - done};
    iovec remote{reinterpret_cast<void*>(address + done), bytes - done};
    const ssize_t n = process_vm_readv(pid_, &local, 1, &remote, 1, 0);
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

}  // namespace track::process
