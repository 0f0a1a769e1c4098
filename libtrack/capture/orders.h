// orders.h: in which order locks are taken (wire/order.h). A thread that takes a lock while it
// holds others looks into a small cache of its own; only what it has not done before goes to the
// table, after the lock was got: a thread that waits for ever is another story.
//
// Trylocks and timed attempts come not by here, nor does a lock that the thread holds already.
#pragma once

#include "libtrack/capture/held.h"
#include "libtrack/core/options.h"

namespace track::capture {

inline constexpr uint32_t kKnownOrders = 64;

// What is held, and in which order, with the lock that is added.
inline uint64_t order_key(const wire::ThreadSlot* slot, uint32_t held, uint64_t entry) {
  uint64_t key = entry * 0xbf58476d1ce4e5b9u;  // not the same as the other way round
  for (uint32_t i = 0; i < held; ++i)
    key = (key ^ slot->held[i].load(std::memory_order_relaxed)) * 0x9e3779b97f4a7c15u;
  return key;
}

// Nothing is to be noted when this entry joins the `held` ones (at least one) of the slot.
inline bool order_known(const wire::ThreadSlot* slot, uint32_t held, uint64_t entry) {
  const uint64_t* known = core::this_thread.orders;
  if (known == nullptr || held > wire::kHeldCapacity) return false;
  const uint64_t key = order_key(slot, held, entry);
  return known[key >> 58] == key || known == core::no_orders;
}

inline bool order_is_new(const volatile void* lock, wire::HeldSort sort) {
  const wire::ThreadSlot* slot = core::this_thread.locks;
  if (slot == nullptr) return false;
  const uint32_t held = slot->held_count.load(std::memory_order_relaxed);
  return __builtin_expect(held != 0, 0) && !order_known(slot, held, held_entry(lock, sort));
}

// registers: of the hook. Before the entry joins the held set.
void note_order(const volatile void* lock, wire::HeldSort sort, const core::Registers& registers);

// The thread creates another one: what it does from here on may be at the same time.
void forget_orders();
// The thread ends.
void end_orders();
void restart_orders_after_fork();

void start_orders();  // once, after what else sets core::at_thread_end

}  // namespace track::capture
