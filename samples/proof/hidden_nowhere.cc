// what: The same thread, and really nobody who knows its semaphore.
// expect: stuck-task proved count=1 created_by=start_waiter
#include "samples/support/hidden_reference.h"

int main() {
  hidden::start_waiter([](auto*) {});
  hidden::waiting.acquire();
}
