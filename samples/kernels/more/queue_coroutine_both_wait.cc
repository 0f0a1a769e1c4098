// what: Two coroutines on two threads each wait for the other's message before they send theirs.
// expect: orphaned-coroutine created_by=start_peers
#include "samples/kernels/kernel.h"

struct Box {
  std::coroutine_handle<> reader;
  bool full = false;
  bool await_ready() const noexcept { return full; }
  void await_suspend(std::coroutine_handle<> handle) noexcept { reader = handle; }
  void await_resume() const noexcept {}
  void put() {
    full = true;
    if (reader) std::exchange(reader, nullptr).resume();
  }
};

struct Wires {
  Box to_left, to_right;
};

co::detached peer(std::shared_ptr<Wires> wires, bool left) {
  Box& in = left ? wires->to_left : wires->to_right;
  Box& out = left ? wires->to_right : wires->to_left;
  if (kFixed && left) out.put();
  co_await in;
  if (!(kFixed && left)) out.put();
}

[[gnu::noinline]] void start_peers(const std::shared_ptr<Wires>& wires) {
  peer(wires, true);
  peer(wires, false);
}

int main() {
  auto wires = std::make_shared<Wires>();
  std::thread([wires] { start_peers(wires); }).join();
}
