// held.h: the set of locks the running thread holds, in its slot. Only the thread adds; only the
// thread removes, except that a lock given back by another thread (a mutex handed over, a robust
// one recovered) is struck out of its first holder's set by whoever gives it back. Entries are
// never moved, so striking out is one compare-and-swap.
#pragma once

#include "libtrack/core/thread_state.h"

namespace track::capture {

void add_held_slow(wire::ThreadSlot* slot, uint64_t entry);
void remove_held_slow(wire::ThreadSlot* slot, uint64_t object, bool may_be_foreign);
// Where holds leave events, and where nothing may be recorded, or not yet.
void add_held_otherwise(uint64_t entry, const void* caller);
void remove_held_otherwise(uint64_t object, bool may_be_foreign, uint32_t stack,
                           const void* caller);
// Strikes the object out of every set (destroyed, or taken after its owner died).
void forget_held(const volatile void* object);
// Strikes it out of the running thread's (initialized anew, as some do in fork children).
void forget_own(const volatile void* object);

inline uint64_t held_entry(const volatile void* object, wire::HeldSort sort) {
  return reinterpret_cast<uint64_t>(object) | sort;
}

inline void push_held(wire::ThreadSlot* slot, uint64_t entry) {
  const uint32_t n = slot->held_count.load(std::memory_order_relaxed);
  if (__builtin_expect(n >= wire::kHeldCapacity, 0)) return add_held_slow(slot, entry);
  slot->held[n].store(entry, std::memory_order_relaxed);
  slot->held_fiber[n].store(static_cast<uint16_t>(core::this_thread.fiber),
                            std::memory_order_relaxed);
  slot->held_count.store(n + 1, std::memory_order_release);
}

// False: it is not the one taken last.
inline bool pop_held(wire::ThreadSlot* slot, const volatile void* object) {
  const uint32_t n = slot->held_count.load(std::memory_order_relaxed);
  if (__builtin_expect(n - 1 >= wire::kHeldCapacity, 0)) return false;  // 0, too
  const uint64_t top = slot->held[n - 1].load(std::memory_order_relaxed);
  if ((top & ~wire::kHeldSortMask) != reinterpret_cast<uint64_t>(object)) return false;
  slot->held_count.store(n - 1, std::memory_order_relaxed);
  return true;
}

inline bool held_silently() {
  return core::wiped_in_children.silent_locks.load(std::memory_order_relaxed);
}

// caller: the return address of the function that took the lock; that of the one this stands in.
[[gnu::always_inline]] inline void add_held(const volatile void* object, wire::HeldSort sort,
                                            const void* caller = nullptr) {
  wire::ThreadSlot* slot = core::this_thread.locks;
  const uint64_t entry = held_entry(object, sort);
  if (__builtin_expect(slot == nullptr || !held_silently(), 0))
    return add_held_otherwise(entry, caller != nullptr ? caller : __builtin_return_address(0));
  push_held(slot, entry);
}

// may_be_foreign: false when the lock word says that this thread owns it, so that an entry that is
// missing means "locked before tracking began", not "locked by somebody else". stack: where, if
// that is known already.
[[gnu::always_inline]] inline void remove_held(const volatile void* object, bool may_be_foreign,
                                               uint32_t stack = 0) {
  wire::ThreadSlot* slot = core::this_thread.locks;
  const auto address = reinterpret_cast<uint64_t>(object);
  if (__builtin_expect(slot == nullptr || !held_silently(), 0))
    return remove_held_otherwise(address, may_be_foreign, stack, __builtin_return_address(0));
  if (__builtin_expect(pop_held(slot, object), 1)) return;
  remove_held_slow(slot, address, may_be_foreign);
}

}  // namespace track::capture
