#include "libtrack/capture/held.h"

#include "libtrack/core/ring.h"
#include "libtrack/core/sys.h"

namespace track::capture {
namespace {

using wire::ThreadSlot;

bool names(uint64_t entry, uint64_t object) {
  return (entry & ~wire::kHeldSortMask) == object && entry != 0;
}

void drop_struck_out(ThreadSlot* slot) {
  uint32_t n = slot->held_count.load(std::memory_order_relaxed);
  while (n > 0 && slot->held[n - 1].load(std::memory_order_relaxed) == 0) --n;
  slot->held_count.store(n, std::memory_order_relaxed);
}

// Newest first: a recursive lock's entries go in the order they came.
bool strike_out(ThreadSlot* slot, uint64_t object) {
  uint32_t n = slot->held_count.load(std::memory_order_acquire);
  if (n > wire::kHeldCapacity) n = wire::kHeldCapacity;
  while (n-- > 0) {
    uint64_t entry = slot->held[n].load(std::memory_order_relaxed);
    if (names(entry, object) &&
        slot->held[n].compare_exchange_strong(entry, 0, std::memory_order_seq_cst))
      return true;
  }
  return false;
}

bool strike_out_elsewhere(uint64_t object) {
  const uint64_t used =
      core::section(wire::SectionKind::threads).used.load(std::memory_order_acquire);
  for (uint64_t i = 0; i < used; ++i) {
    ThreadSlot* slot = &core::recording.threads[i];
    if (slot == core::this_thread.slot ||
        slot->state.load(std::memory_order_acquire) == wire::ThreadState::free)
      continue;
    if (!strike_out(slot, object)) continue;
    core::unpin_if_nothing_held(slot);
    core::push_event({sys::ticks(), object, core::this_thread.task, 0, 0,
                      wire::EventKind::lock_taken_over, 0, 0});
    return true;
  }
  return false;
}

}  // namespace

void add_held_slow(ThreadSlot* slot, uint64_t entry) {
  for (uint32_t i = 0; i < wire::kHeldCapacity; ++i)
    if (slot->held[i].load(std::memory_order_relaxed) == 0) {
      slot->held_fiber[i].store(static_cast<uint16_t>(core::this_thread.fiber),
                                std::memory_order_relaxed);
      slot->held[i].store(entry, std::memory_order_relaxed);
      return;
    }
  slot->held_lost.store(slot->held_lost.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  core::count(core::lost().held);
}

void remove_held_slow(ThreadSlot* slot, uint64_t object, bool may_be_foreign) {
  if (strike_out(slot, object)) return drop_struck_out(slot);
  const uint32_t lost = slot->held_lost.load(std::memory_order_relaxed);
  if (lost > 0) {
    slot->held_lost.store(lost - 1, std::memory_order_relaxed);
    core::lost().held.fetch_sub(1,
                                std::memory_order_relaxed);  // a loss of state ends with the state
    return;
  }
  if (may_be_foreign && core::recording_on()) strike_out_elsewhere(object);
}

void forget_held(const volatile void* object) {
  if (!core::recording_is_ours()) return;
  ThreadSlot* slot = core::this_thread.locks;
  const auto address = reinterpret_cast<uint64_t>(object);
  if (slot != nullptr && strike_out(slot, address)) return drop_struck_out(slot);
  strike_out_elsewhere(address);
}

}  // namespace track::capture
