// what: The only other reference stands in a packed structure, at no multiple of eight.
// expect: gate-clean
#include "samples/support/hidden_reference.h"

struct [[gnu::packed]] Message {
  uint32_t kind;
  uint8_t flags;
  uint64_t sender;
};

alignas(16) static volatile Message message;

int main() {
  hidden::start_waiter([](auto* gate) { message.sender = hidden::bits(gate); });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
