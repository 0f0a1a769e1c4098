// One thread waits on a semaphore of the heap; the only reference to it that can go on is one that
// is hard to see. See samples/proof/hidden_*.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <semaphore>
#include <thread>

namespace hidden {

using Gate = std::counting_semaphore<>;

inline std::counting_semaphore<> waiting(0);  // as many as have begun to wait

[[gnu::noinline]] inline void wait_on(Gate* gate) {
  waiting.release();
  gate->acquire();
}

// Starts the thread and leaves nothing of the address on the caller's stack.
template <typename Hide>
[[gnu::noinline]] void start_waiter(Hide hide) {
  auto* gate = new Gate(0);
  hide(gate);
  std::thread(wait_on, gate).detach();
}

[[gnu::noinline]] inline void wipe_stack() {
  volatile char room[8192];
  for (volatile char& byte : room) byte = 0;
}

inline uint64_t bits(Gate* gate) {
  return reinterpret_cast<uint64_t>(gate);
}

}  // namespace hidden
