// what: The only other reference stands in shared memory that is too large to be copied at once.
// expect: gate-clean
#include <sys/mman.h>

#include "samples/support/hidden_reference.h"

int main() {
  auto* shared = static_cast<uint64_t*>(mmap(nullptr, 64 << 20, PROT_READ | PROT_WRITE,
                                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  hidden::start_waiter([shared](auto* gate) { shared[1 << 20] = hidden::bits(gate); });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
