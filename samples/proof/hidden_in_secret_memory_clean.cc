// what: The only other reference stands in memory that no other process may read.
// expect: gate-clean
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "samples/support/hidden_reference.h"

constexpr long kMemfdSecret = 447;

int main() {
  int flags = MAP_SHARED;
  int file = static_cast<int>(syscall(kMemfdSecret, O_CLOEXEC));
  if (file < 0) flags = MAP_PRIVATE | MAP_ANONYMOUS;  // a kernel without: ordinary memory will do
  if (file >= 0 && ftruncate(file, 4096) != 0) return 1;
  auto* secret =
      static_cast<uint64_t*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, flags, file, 0));
  if (secret == MAP_FAILED) return 1;
  hidden::start_waiter([secret](auto* gate) { secret[9] = hidden::bits(gate); });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
