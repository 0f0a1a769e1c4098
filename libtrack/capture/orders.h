// orders.h: in which order locks are taken (wire/order.h). A thread that takes a lock while it
// holds others looks into a small cache of its own; only what it has not done before goes to the
// table, after the lock was got: a thread that waits for ever is another story.
//
// Trylocks and timed attempts come not by here, nor does a lock that the thread holds already.
//
// Locks by the thousand (one a bucket of a hash table) make more orders than any cache has room
// for, and looking each up costs more than taking the lock. So a thread counts, by the lock taken
// and by the one held last, how often it looked in vain: from kBoring on it looks one time in
// kNowAndThen, from kMostBoring on one time in kRarely, and always again once that taught
// something. What was passed over is counted as lost.
#pragma once

#include <cstddef>

#include "libtrack/capture/held.h"
#include "libtrack/core/options.h"

namespace track::capture {

inline constexpr uint32_t kKnownOrders = 64;
inline constexpr uint32_t kBoring = 128, kMostBoring = 255;
inline constexpr uint32_t kNowAndThen = 16, kRarely = 64;

// A thread's; core::ThisThread::orders are the keys.
struct KnownOrders {
  uint64_t pool_link;
  uint64_t keys[kKnownOrders];
  uint8_t boring_taken[kKnownOrders], boring_under[kKnownOrders];
  uint32_t passed_over;  // since the last look
};
inline KnownOrders& orders_with(uint64_t* keys) {
  return *reinterpret_cast<KnownOrders*>(reinterpret_cast<char*>(keys) -
                                         offsetof(KnownOrders, keys));
}

// How boring the lock that is taken has been, and the one that is held last.
struct Boredom {
  uint8_t& taken;
  uint8_t& under;

  // One of how many is looked at.
  uint32_t look_at_one_of() const {
    const uint32_t most = taken > under ? taken : under;
    return most < kBoring ? 1 : most < kMostBoring ? kNowAndThen : kRarely;
  }
  void learned() { taken = under = 0; }
  void in_vain() {
    if (taken < kMostBoring) ++taken;
    if (under < kMostBoring) ++under;
  }
};
inline Boredom boredom_of(KnownOrders& known, const wire::ThreadSlot* slot, uint32_t held,
                          uint64_t entry) {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15u;
  const uint64_t top = slot->held[held - 1].load(std::memory_order_relaxed);
  return {known.boring_taken[entry * kSpread >> 58], known.boring_under[top * kSpread >> 58]};
}

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

// Of an order that is not known, with at most kHeldCapacity held: is this one to be passed over?
// Then where that is counted, once the lock is got; else null.
inline uint32_t* passed_over(const wire::ThreadSlot* slot, uint32_t held, uint64_t entry) {
  uint64_t* keys = core::this_thread.orders;
  if (keys == nullptr || keys == core::no_orders) return nullptr;
  KnownOrders& known = orders_with(keys);
  const uint32_t one_of = boredom_of(known, slot, held, entry).look_at_one_of();
  return known.passed_over + 1 < one_of ? &known.passed_over : nullptr;
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
