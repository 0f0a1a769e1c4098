// holds.h: with locks=all, every hold of a lock leaves one event (wire/ring.h, lock_held) when it
// ends: who held what, for how long, and where it was let go; what is still held is in the held
// set, with since when (wire/holds.h). So each acquisition and each release is on record, for the
// price of two readings of the clock and one event a pair.
//
// The place is the call that let go; of holds of a microsecond and more its whole stack, which
// would cost a short one more than all the rest. Any thread, signal handlers too; what had no room
// is counted as lost events.
#pragma once

#include "libtrack/core/ring.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_state.h"

namespace track::capture {

inline constexpr uint64_t kWholeStackTicks = 4000;

void start_holds();  // once there is a recording

// Entry number `at` of this thread's held set is about to be filled.
inline void begin_hold(wire::HeldSince& since, uint32_t at, const void* caller) {
  since.caller[at].store(reinterpret_cast<uint64_t>(caller), std::memory_order_relaxed);
  since.ticks[at].store(sys::ticks(), std::memory_order_relaxed);
}

struct EndedHold {
  uint64_t entry;  // of the held set
  uint64_t since, now;
  uint32_t task;  // that had taken it
};
// stack: where it was let go when that is known already, else 0; then caller is the return address
// of the call.
void end_hold(const EndedHold& hold, uint32_t stack, const void* caller);

// A return address as a stack of its own, looked up in a table of those seen; 0: not there, or by
// end_hold only.
struct Callers {
  static constexpr uint32_t kAddressBits = 47, kIndexBits = 15, kStackBits = 20;
  std::atomic<uint64_t> entry[1 << kIndexBits];  // rest of the address, generation, stack
};
extern std::atomic<Callers*> callers;

struct CallerKey {
  uint32_t index;
  uint64_t rest;  // of the entry's word, without the stack
};
inline CallerKey caller_key(const void* caller, uint32_t generation) {
  // One to one over all addresses, so that index and rest together are the address.
  constexpr uint64_t kMask = (uint64_t{1} << Callers::kAddressBits) - 1;
  const uint64_t turned = reinterpret_cast<uint64_t>(caller) * 0x9e3779b97f4a7c15u & kMask;
  constexpr uint32_t kRestBits = Callers::kAddressBits - Callers::kIndexBits;
  constexpr uint32_t kGenerationBits = 64 - kRestBits - Callers::kStackBits;
  const uint64_t rest = turned & ((uint64_t{1} << kRestBits) - 1);
  const uint64_t age = generation & ((1u << kGenerationBits) - 1);
  return {static_cast<uint32_t>(turned >> kRestBits), (rest << kGenerationBits | age)
                                                          << Callers::kStackBits};
}
inline uint32_t known_caller(const void* caller) {
  const Callers* table = callers.load(std::memory_order_acquire);
  if (__builtin_expect(table == nullptr, 0)) return 0;
  const CallerKey key = caller_key(caller, core::unwind_generation());
  const uint64_t word = table->entry[key.index].load(std::memory_order_relaxed) ^ key.rest;
  return word >> Callers::kStackBits == 0 ? static_cast<uint32_t>(word) : 0;
}

inline void push_hold(const EndedHold& hold, uint64_t ticks, uint32_t stack) {
  core::push_words(hold.now, hold.entry & ~wire::kHeldSortMask,
                   core::task_and_stack(hold.task, stack),
                   core::rest_of_event(static_cast<float>(static_cast<int64_t>(ticks)),
                                       wire::EventKind::lock_held,
                                       static_cast<uint8_t>(hold.entry & wire::kHeldSortMask)));
}

}  // namespace track::capture
