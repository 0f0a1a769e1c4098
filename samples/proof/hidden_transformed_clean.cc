// what: The other references are complemented, in the order of the network, and shifted.
// expect: gate-clean
#include <endian.h>

#include "samples/support/hidden_reference.h"

static volatile uint64_t complement, swapped, shifted, left;

int main() {
  hidden::start_waiter([](auto* gate) { complement = ~hidden::bits(gate); });
  hidden::start_waiter([](auto* gate) { swapped = htobe64(hidden::bits(gate)); });
  hidden::start_waiter([](auto* gate) { shifted = hidden::bits(gate) >> 4 | uint64_t{5} << 60; });
  hidden::start_waiter([](auto* gate) { left = hidden::bits(gate) << 1 | 1; });
  for (int i = 0; i < 4; ++i) hidden::waiting.acquire();
  hidden::wipe_stack();
}
