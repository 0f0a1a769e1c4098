// what: The only other reference waits in a pipe that this process will read; it has closed the
// what: other end.
// expect: gate-clean
#include <unistd.h>

#include "samples/support/hidden_reference.h"

static int ends[2];

int main() {
  if (pipe(ends) != 0) return 1;
  hidden::start_waiter([](auto* gate) {
    uint64_t value = hidden::bits(gate);
    if (write(ends[1], &value, sizeof value) != sizeof value) std::terminate();
    close(ends[1]);
  });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
