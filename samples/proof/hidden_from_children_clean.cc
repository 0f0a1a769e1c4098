// what: The only other references stand in pages that a forked child does not get.
// expect: gate-clean
#include <sys/mman.h>

#include "samples/support/hidden_reference.h"

int main() {
  uint64_t* pages[2];
  for (uint64_t*& page : pages)
    page = static_cast<uint64_t*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  madvise(pages[0], 4096, MADV_DONTFORK);
  madvise(pages[1], 4096, MADV_WIPEONFORK);
  hidden::start_waiter([&](auto* gate) { pages[0][5] = hidden::bits(gate); });
  hidden::waiting.acquire();
  hidden::wipe_stack();
  hidden::start_waiter([&](auto* gate) { pages[1][6] = hidden::bits(gate); });
  hidden::waiting.acquire();
  hidden::wipe_stack();
  mprotect(pages[1], 4096, PROT_NONE);
}
