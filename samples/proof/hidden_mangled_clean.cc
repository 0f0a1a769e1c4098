// what: The only other reference was mangled by libc's pointer guard, as in a jump buffer.
// expect: gate-clean
#include "samples/support/hidden_reference.h"

static volatile uint64_t mangled;

int main() {
  hidden::start_waiter([](auto* gate) {
    uint64_t value = hidden::bits(gate);
    asm("xor %%fs:0x30, %0; rol $17, %0" : "+r"(value));
    mangled = value;
  });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
