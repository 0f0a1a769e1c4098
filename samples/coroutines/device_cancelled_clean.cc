// what: The request is still at the device, which will come back with the address.
// expect: gate-clean
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

int main() {
  start_transfer();
}
