// what: The table is still there, and who can open its address can call the waiter.
// expect: gate-clean
// flags: -Ilibtrack/include
#include <track/track.h>

#include <condition_variable>
#include <cstdlib>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>

#include "samples/support/sealed.h"

struct Waiter {
  std::mutex mutex;
  std::condition_variable called;
  bool ready = false;
};

constexpr size_t kSlots = 8, kBytes = kSlots * sizeof(Waiter*);
static Sealed table;
static std::latch waits{1};

void work(Waiter* waiter) {
  std::unique_lock guard(waiter->mutex);
  waits.count_down();
  waiter->called.wait(guard, [&] { return waiter->ready; });
}

void start_worker() {
  auto** slots = static_cast<Waiter**>(std::calloc(kSlots, sizeof(Waiter*)));
  slots[3] = new Waiter;
  track_root_add(slots, kBytes);
  table.put(slots);
  std::thread(work, slots[3]).detach();
}

int main() {
  start_worker();
  waits.wait();
}
