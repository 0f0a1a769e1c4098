// locks.h: mutexes, reader-writer locks and spinlocks: who holds what, and who waits for it.
//
// Try first: only EBUSY means that somebody else holds it, and only then is anything captured. A
// robust mutex is looked at, not tried: glibc's trylock leaves one that cannot be recovered locked.
// glibc's plain mutex is taken and given back by its lock word directly, as glibc does it, where
// its version is one we know.
//
// Order: an acquisition enters the held set after the lock is ours, a release leaves it before the
// lock is free, so that a reader never sees two owners of one lock.
#pragma once

#include <errno.h>
#include <linux/futex.h>
#include <sys/single_threaded.h>

#include "libtrack/capture/handoffs.h"
#include "libtrack/capture/held.h"
#include "libtrack/capture/holds.h"
#include "libtrack/capture/orders.h"
#include "libtrack/capture/real.h"
#include "libtrack/capture/waits.h"

namespace track::capture {

// Once there is a recording, and again in a fork child that has one of its own.
void start_locks(const Real& real);

int mutex_wait(pthread_mutex_t* mutex, const core::Registers& registers, const Real& real);
int mutex_timed_wait(pthread_mutex_t* mutex, clockid_t clock, const timespec* limit, bool has_clock,
                     const core::Registers& registers, const Real& real);

[[gnu::always_inline]] inline int mutex_took(pthread_mutex_t* mutex, int rc,
                                             const void* caller = nullptr) {
  // The dead owner's entry: the lock is ours now.
  if (__builtin_expect(rc == EOWNERDEAD, 0)) forget_held(mutex);
  if (rc == 0 || rc == EOWNERDEAD) add_held(mutex, wire::kHeldMutex, caller);
  return rc;
}

// The slot whose held set a lock of this mutex enters without libc: null when it is none of glibc's
// plain ones (no type or flag bit set), or nothing is to be recorded.
inline wire::ThreadSlot* slot_for_plain(const pthread_mutex_t* mutex) {
  if (__builtin_expect(mutex->__data.__kind != 0, 0) ||
      __builtin_expect(!core::wiped_in_children.plain_locks.load(std::memory_order_relaxed), 0))
    return nullptr;
  return core::this_thread.locks;
}

// Will an unlock be refused? Recursive and error-checking mutexes go by their owner, robust and
// priority-inheriting ones (16, 32) by the lock word: an unrecovered one has no valid owner.
inline bool refuses_unlock(const pthread_mutex_t* mutex) {
  const auto& data = mutex->__data;
  if ((data.__kind & (16 | 32)) != 0)
    return (data.__lock & FUTEX_TID_MASK) != core::this_thread.tid;
  const int type = data.__kind & 3;
  return (type == PTHREAD_MUTEX_RECURSIVE || type == PTHREAD_MUTEX_ERRORCHECK) &&
         data.__owner != core::this_thread.tid;
}

// The lock word from one value to another. As glibc does it: without an atomic operation, which
// costs 8 ns on some processors, as long as there is one thread.
inline bool change_lock(int& word, int from, int to, int order) {
  if (__libc_single_threaded != 0) {
    if (word != from) return false;
    __atomic_store_n(&word, to, __ATOMIC_RELAXED);
    return true;
  }
  return __atomic_compare_exchange_n(&word, &from, to, false, order, __ATOMIC_RELAXED);
}

// Takes a free plain mutex the way glibc's fast path does.
inline bool take_plain_mutex(pthread_mutex_t* mutex) {
  if (!change_lock(mutex->__data.__lock, 0, 1, __ATOMIC_ACQUIRE)) return false;
  mutex->__data.__owner = core::this_thread.tid;
  ++mutex->__data.__nusers;
  return true;
}

// False: somebody waits. Libc must do it all, the wake-up included.
inline bool give_plain_mutex(pthread_mutex_t* mutex) {
  mutex->__data.__owner = 0;
  --mutex->__data.__nusers;
  if (change_lock(mutex->__data.__lock, 1, 0, __ATOMIC_RELEASE)) return true;
  mutex->__data.__owner = core::this_thread.tid;
  ++mutex->__data.__nusers;
  return false;
}

#define TRACK_REGISTERS(name)    \
  ::track::core::Registers name; \
  TRACK_GET_REGISTERS(name)

// Free as far as its lock word says, or surely not to be had by trying.
inline bool robust_mutex(const pthread_mutex_t* mutex) {
  return (mutex->__data.__kind & 16) != 0;
}
inline bool robust_mutex_free(const pthread_mutex_t* mutex) {
  return __atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED) == 0;
}

// Of a thread that holds others: there is room to note it, and that order was seen before, or is
// passed over; then where that is counted.
[[gnu::always_inline]] inline bool next_is_known(wire::ThreadSlot* slot, uint32_t held,
                                                 uint64_t entry, uint32_t*& passed) {
  if (held >= wire::kHeldCapacity) return false;
  return order_known(slot, held, entry) || (passed = passed_over(slot, held, entry)) != nullptr;
}

// The common case of both, without a call: a plain mutex that is free, or that was taken last.
// False: nothing was done, it is a case for mutex_lock or mutex_unlock.
[[gnu::always_inline]] inline bool locked_plain(pthread_mutex_t* mutex) {
  wire::ThreadSlot* slot = slot_for_plain(mutex);
  if (__builtin_expect(slot == nullptr, 0)) return false;
  const uint32_t held = slot->held_count.load(std::memory_order_relaxed);
  const uint64_t entry = held_entry(mutex, wire::kHeldMutex);
  uint32_t* passed = nullptr;
  if (__builtin_expect(held != 0, 0) && !next_is_known(slot, held, entry, passed)) return false;
  if (__builtin_expect(!take_plain_mutex(mutex), 0)) return false;
  if (__builtin_expect(passed != nullptr, 0)) ++*passed;
  push_held(slot, entry);
  return true;
}
[[gnu::always_inline]] inline bool unlocked_plain(pthread_mutex_t* mutex) {
  wire::ThreadSlot* slot = slot_for_plain(mutex);
  if (__builtin_expect(slot == nullptr || !pop_held(slot, mutex), 0)) return false;
  if (__builtin_expect(give_plain_mutex(mutex), 1)) return true;
  push_held(slot, held_entry(mutex, wire::kHeldMutex));
  return false;
}

// The same with locks=all.
inline bool holds_recorded() {
  return core::wiped_in_children.recorded_locks.load(std::memory_order_relaxed);
}
[[gnu::always_inline]] inline bool locked_recorded(pthread_mutex_t* mutex, const void* caller) {
  wire::HeldSince* since = core::this_thread.since;
  if (mutex->__data.__kind != 0 || since == nullptr) return false;
  wire::ThreadSlot* slot = core::this_thread.locks;
  const uint32_t held = slot->held_count.load(std::memory_order_relaxed);
  const uint64_t entry = held_entry(mutex, wire::kHeldMutex);
  uint32_t* passed = nullptr;
  if (__builtin_expect(held != 0, 0) && !next_is_known(slot, held, entry, passed)) return false;
  if (__builtin_expect(!take_plain_mutex(mutex), 0)) return false;
  if (__builtin_expect(passed != nullptr, 0)) ++*passed;
  begin_hold(*since, held, caller);
  push_held(slot, entry);
  return true;
}
[[gnu::always_inline]] inline bool unlocked_recorded(pthread_mutex_t* mutex, const void* caller) {
  const wire::HeldSince* since = core::this_thread.since;
  wire::ThreadSlot* slot = core::this_thread.locks;
  if (mutex->__data.__kind != 0 || since == nullptr) return false;
  const uint64_t entry = held_entry(mutex, wire::kHeldMutex);
  const uint32_t held = slot->held_count.load(std::memory_order_relaxed);
  if (__builtin_expect(held - 1 >= wire::kHeldCapacity ||
                           slot->held[held - 1].load(std::memory_order_relaxed) != entry,
                       0))
    return false;
  const uint64_t begun = since->ticks[held - 1].load(std::memory_order_relaxed);
  slot->held_count.store(held - 1, std::memory_order_relaxed);
  const EndedHold hold = {entry, begun, sys::ticks(), core::this_thread.task};
  if (__builtin_expect(!give_plain_mutex(mutex), 0)) {
    slot->held_count.store(held, std::memory_order_relaxed);
    return false;
  }
  const uint64_t ticks = hold.now - hold.since;
  const uint32_t place = known_caller(caller);
  if (__builtin_expect(place != 0 && ticks < kWholeStackTicks && core::recording_on(), 1))
    push_hold(hold, ticks, place);
  else
    end_hold(hold, 0, caller);
  return true;
}

[[gnu::always_inline]] inline int mutex_lock(pthread_mutex_t* mutex, const Real& real) {
  TRACK_REGISTERS(registers);
  const bool new_order = order_is_new(mutex, wire::kHeldMutex);
  int rc = EBUSY;
  if (slot_for_plain(mutex) != nullptr)
    rc = take_plain_mutex(mutex) ? 0 : EBUSY;
  else if (!robust_mutex(mutex))
    rc = real.pthread_mutex_trylock(mutex);
  else if (robust_mutex_free(mutex))
    rc = real.pthread_mutex_lock(mutex);
  if (rc == EBUSY) return mutex_wait(mutex, registers, real);
  if (new_order && rc == 0) note_order(mutex, wire::kHeldMutex, registers);
  return mutex_took(mutex, rc);
}

// Does the lock word say that somebody waits? Of a recursive mutex only when this unlock frees it.
inline bool mutex_awaited(const pthread_mutex_t* mutex) {
  const auto& data = mutex->__data;
  const int word = __atomic_load_n(&data.__lock, __ATOMIC_RELAXED);
  if ((data.__kind & (16 | 32)) != 0) return (word & static_cast<int>(FUTEX_WAITERS)) != 0;
  return word > 1 && ((data.__kind & 3) != PTHREAD_MUTEX_RECURSIVE || data.__count <= 1);
}

// Is there somebody that an unlock of ours lets in, or is one reader less in the way of? Waiting
// readers are counted among the readers, and (bit 2) where writers are preferred.
inline bool rwlock_awaited(const pthread_rwlock_t* lock) {
  const unsigned readers = __atomic_load_n(&lock->__data.__readers, __ATOMIC_RELAXED);
  if (__atomic_load_n(&lock->__data.__writers, __ATOMIC_RELAXED) != 0 || (readers & 4) != 0)
    return true;
  constexpr unsigned kWriteLocked = 2;
  return (readers & kWriteLocked) != 0 && readers >> 3 != 0;
}

[[gnu::always_inline]] inline int mutex_release(pthread_mutex_t* mutex, const Real& real) {
  if (!refuses_unlock(mutex)) remove_held(mutex, mutex->__data.__owner != core::this_thread.tid);
  return real.pthread_mutex_unlock(mutex);
}
[[gnu::always_inline]] inline int mutex_unlock(pthread_mutex_t* mutex, const Real& real) {
  if (mutex_awaited(mutex) && !refuses_unlock(mutex)) {
    TRACK_REGISTERS(registers);
    note_unlock(mutex, WaitKind::mutex, registers);
  }
  return mutex_release(mutex, real);
}
[[gnu::always_inline]] inline int mutex_trylock(pthread_mutex_t* mutex, const Real& real) {
  return mutex_took(mutex, real.pthread_mutex_trylock(mutex));
}

// Reader-writer locks and spinlocks.
int rwlock_wait(pthread_rwlock_t* lock, WaitKind kind, const core::Registers& registers,
                const Real& real);
WaitRequest rwlock_request(const pthread_rwlock_t* lock, WaitKind kind, bool timed);
int spin_wait(pthread_spinlock_t* lock, const core::Registers& registers, const Real& real);

[[gnu::always_inline]] inline int took(const volatile void* lock, wire::HeldSort sort, int rc,
                                       const void* caller = nullptr) {
  if (rc == 0) add_held(lock, sort, caller);
  return rc;
}
// The same of one that would have been waited for.
[[gnu::always_inline]] inline int took_in_order(const volatile void* lock, wire::HeldSort sort,
                                                int rc, const core::Registers& registers,
                                                const void* caller = nullptr) {
  if (rc == 0 && order_is_new(lock, sort)) note_order(lock, sort, registers);
  return took(lock, sort, rc, caller);
}

}  // namespace track::capture
