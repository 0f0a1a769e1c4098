#include "libtrack/capture/held.h"

#include "libtrack/capture/holds.h"
#include "libtrack/core/options.h"
#include "libtrack/core/ring.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_slots.h"

namespace track::capture {
namespace {

using wire::ThreadSlot;

bool names(uint64_t entry, uint64_t object) {
  return (entry & ~wire::kHeldSortMask) == object && entry != 0;
}

void drop_struck_out(ThreadSlot* slot) {
  uint32_t n = slot->held_count.load(std::memory_order_relaxed);
  if (n > wire::kHeldCapacity) n = wire::kHeldCapacity;
  while (n > 0 && slot->held[n - 1].load(std::memory_order_relaxed) == 0) --n;
  slot->held_count.store(n, std::memory_order_relaxed);
}

// What was struck out of a held set.
struct Struck {
  uint32_t at = wire::kHeldCapacity;  // that: nothing was
  uint64_t entry = 0;
  explicit operator bool() const { return at != wire::kHeldCapacity; }
};

// Newest first: a recursive lock's entries go in the order they came.
Struck strike_out(ThreadSlot* slot, uint64_t object) {
  uint32_t n = slot->held_count.load(std::memory_order_acquire);
  if (n > wire::kHeldCapacity) n = wire::kHeldCapacity;
  while (n-- > 0) {
    uint64_t entry = slot->held[n].load(std::memory_order_relaxed);
    if (names(entry, object) &&
        slot->held[n].compare_exchange_strong(entry, 0, std::memory_order_seq_cst))
      return {n, entry};
  }
  return {};
}

void end_hold_of(const ThreadSlot* slot, const wire::HeldSince* since, const Struck& struck,
                 uint32_t stack, const void* caller) {
  if (since == nullptr || !struck) return;
  end_hold({struck.entry, since->ticks[struck.at].load(std::memory_order_relaxed), sys::ticks(),
            slot->task},
           stack, caller);
}

bool strike_out_elsewhere(uint64_t object, uint32_t stack, const void* caller) {
  const uint64_t used = core::entries_used<ThreadSlot>(wire::SectionKind::threads);
  for (uint64_t i = 0; i < used; ++i) {
    ThreadSlot* slot = &core::recording.threads[i];
    if (slot == core::this_thread.slot ||
        slot->state.load(std::memory_order_acquire) == wire::ThreadState::free)
      continue;
    const Struck struck = strike_out(slot, object);
    if (!struck) continue;
    end_hold_of(slot, core::held_since(slot), struck, stack, caller);
    core::unpin_if_nothing_held(slot);
    core::push_event({sys::ticks(), object, core::this_thread.task, 0, 0,
                      wire::EventKind::lock_taken_over, 0, 0});
    return true;
  }
  return false;
}

// Where it was put; the capacity: nowhere, which is counted.
uint32_t put_held(ThreadSlot* slot, uint64_t entry, const void* caller) {
  for (uint32_t i = 0; i < wire::kHeldCapacity; ++i)
    if (slot->held[i].load(std::memory_order_relaxed) == 0) {
      if (core::this_thread.since != nullptr) begin_hold(*core::this_thread.since, i, caller);
      slot->held_fiber[i].store(static_cast<uint16_t>(core::this_thread.fiber),
                                std::memory_order_relaxed);
      slot->held[i].store(entry, std::memory_order_relaxed);
      return i;
    }
  slot->held_lost.store(slot->held_lost.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  core::count(core::lost().held);
  return wire::kHeldCapacity;
}

// An entry that is not the newest, or not there. True: an unlisted one of this thread.
bool take_held(ThreadSlot* slot, uint64_t object, bool may_be_foreign, uint32_t stack,
               const void* caller) {
  if (const Struck struck = strike_out(slot, object)) {
    end_hold_of(slot, core::this_thread.since, struck, stack, caller);
    drop_struck_out(slot);
    return false;
  }
  const uint32_t lost = slot->held_lost.load(std::memory_order_relaxed);
  if (lost > 0) {
    slot->held_lost.store(lost - 1, std::memory_order_relaxed);
    core::lost().held.fetch_sub(1,
                                std::memory_order_relaxed);  // a loss of state ends with the state
    return true;
  }
  if (may_be_foreign && core::recording_on()) strike_out_elsewhere(object, stack, caller);
  return false;
}

bool records_here() {
  return core::wiped_in_children.ours.load(std::memory_order_relaxed) &&
         core::records_holds(core::options) && core::recording_on();
}

}  // namespace

void add_held_slow(ThreadSlot* slot, uint64_t entry) {
  put_held(slot, entry, nullptr);
}

void add_held_otherwise(uint64_t entry, const void* caller) {
  ThreadSlot* slot = core::this_thread.locks;
  if (slot == nullptr) {
    if (core::current_slot() == nullptr || core::this_thread.locks == nullptr) return;
    slot = core::this_thread.locks;
  }
  if (!core::recording_is_ours()) return;
  const uint32_t at = slot->held_count.load(std::memory_order_relaxed);
  if (at >= wire::kHeldCapacity) {
    put_held(slot, entry, caller);
    return;
  }
  if (core::this_thread.since != nullptr) begin_hold(*core::this_thread.since, at, caller);
  push_held(slot, entry);
}

void remove_held_slow(ThreadSlot* slot, uint64_t object, bool may_be_foreign) {
  take_held(slot, object, may_be_foreign, 0, nullptr);
}

void remove_held_otherwise(uint64_t object, bool may_be_foreign, uint32_t stack,
                           const void* caller) {
  ThreadSlot* slot = core::this_thread.locks;
  if (slot == nullptr || !core::recording_is_ours()) return;
  const wire::HeldSince* since = core::this_thread.since;
  const uint32_t held = slot->held_count.load(std::memory_order_relaxed);
  const Struck newest = held == 0 || held > wire::kHeldCapacity
                            ? Struck{}
                            : Struck{held - 1, slot->held[held - 1].load()};
  const uint64_t begun = since == nullptr || !newest ? 0 : since->ticks[newest.at].load();
  bool told = since != nullptr;
  if (pop_held(slot, reinterpret_cast<const void*>(object))) {
    if (told) end_hold({newest.entry, begun, sys::ticks(), slot->task}, stack, caller);
  } else if (take_held(slot, object, may_be_foreign, stack, caller)) {
    told = false;
  }
  // Its length is not known: one event that is not there.
  if (!told && records_here()) core::count(core::lost().events);
}

namespace {
bool strike_out_own(uint64_t object, const void* caller) {
  ThreadSlot* slot = core::this_thread.locks;
  if (slot == nullptr) return false;
  const Struck struck = strike_out(slot, object);
  if (!struck) return false;
  end_hold_of(slot, core::this_thread.since, struck, 0, caller);
  drop_struck_out(slot);
  return true;
}
}  // namespace

void forget_held(const volatile void* object) {
  if (!core::recording_is_ours()) return;
  const auto address = reinterpret_cast<uint64_t>(object);
  const void* caller = __builtin_return_address(0);
  if (!strike_out_own(address, caller)) strike_out_elsewhere(address, 0, caller);
}

void forget_own(const volatile void* object) {
  if (core::recording_is_ours())
    strike_out_own(reinterpret_cast<uint64_t>(object), __builtin_return_address(0));
}

}  // namespace track::capture
