// what: The only other reference is the lower half of the address: all blocks share the upper one.
// expect: gate-clean
#include "samples/support/hidden_reference.h"

static volatile uint32_t lower, upper;

int main() {
  hidden::start_waiter([](auto* gate) { lower = static_cast<uint32_t>(hidden::bits(gate)); });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
