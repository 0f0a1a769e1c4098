// what: The only other references stand in pages that were written once and protected since.
// expect: gate-clean
#include <sys/mman.h>

#include "samples/support/hidden_reference.h"

// One page to be read, one that nobody may touch before it is opened again.
alignas(4096) static uint64_t settings[512];

int main() {
  auto* vault = static_cast<uint64_t*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  hidden::start_waiter([](auto* gate) { settings[7] = hidden::bits(gate); });
  hidden::waiting.acquire();
  hidden::wipe_stack();
  hidden::start_waiter([vault](auto* gate) { vault[3] = hidden::bits(gate); });
  hidden::waiting.acquire();
  hidden::wipe_stack();
  mprotect(settings, sizeof settings, PROT_READ);
  mprotect(vault, 4096, PROT_NONE);
}
