// what: The only other reference has a counter in its upper 16 bits, as lock-free lists have.
// expect: gate-clean
#include "samples/support/hidden_reference.h"

static volatile uint64_t tagged;

int main() {
  hidden::start_waiter([](auto* gate) { tagged = hidden::bits(gate) | uint64_t{0x8a01} << 48; });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
