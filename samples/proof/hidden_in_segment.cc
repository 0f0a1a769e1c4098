// what: The only other reference stands in a System V segment that is attached nowhere just now:
// what: it may come back, so that there is no proof.
// expect: stuck-task likely count=1 created_by=start_waiter
#include <sys/shm.h>

#include "samples/support/hidden_reference.h"

static int segment;

int main() {
  segment = shmget(IPC_PRIVATE, 4096, 0600);
  if (segment < 0) return 1;
  hidden::start_waiter([](auto* gate) {
    void* const place = shmat(segment, nullptr, 0);
    if (place == reinterpret_cast<void*>(-1)) std::terminate();
    *static_cast<uint64_t*>(place) = hidden::bits(gate);
    shmdt(place);
  });
  hidden::waiting.acquire();
  hidden::wipe_stack();
  std::atexit([] { shmctl(segment, IPC_RMID, nullptr); });
}
