// what: A device keeps a coroutine's address sealed; a cancelled request is never resumed.
// expect: orphaned-coroutine proved count=1 created_by=start_transfer
// flags: -Ilibtrack/include
#include <track/track.h>

#include <coroutine>

#include "samples/support/sealed.h"
#include "samples/support/task.h"

static Sealed device;

struct Transfer {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) const noexcept {
    track_kernel_holds(waiting.address());
    device.put(waiting.address());
  }
  void await_resume() const noexcept {}
};

co::detached transfer() {
  co_await Transfer{};
}

[[gnu::noinline]] void start_transfer() {
  transfer();
}

[[gnu::noinline]] void cancel() {
  track_kernel_gave_back(device.get());
  device.put(nullptr);
}

int main() {
  start_transfer();
  cancel();
}
