// what: The only other reference is its distance from where that stands.
// expect: gate-clean
#include "samples/support/hidden_reference.h"

static volatile uint64_t distance;

int main() {
  hidden::start_waiter(
      [](auto* gate) { distance = hidden::bits(gate) - reinterpret_cast<uint64_t>(&distance); });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
