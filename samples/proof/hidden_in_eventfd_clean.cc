// what: The only other reference is the count of an eventfd.
// expect: gate-clean
#include <sys/eventfd.h>

#include "samples/support/hidden_reference.h"

static int event;

int main() {
  event = eventfd(0, 0);
  hidden::start_waiter([](auto* gate) { eventfd_write(event, hidden::bits(gate)); });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
