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

#include "libtrack/capture/held.h"
#include "libtrack/capture/real.h"
#include "libtrack/capture/waits.h"

namespace track::capture {

extern bool known_mutex_layout;  // glibc 2.34 to 2.41
void start_locks();

int mutex_wait(pthread_mutex_t* mutex, const core::Registers& registers, const Real& real);
int mutex_timed_wait(pthread_mutex_t* mutex, clockid_t clock, const timespec* limit, bool has_clock,
                     const core::Registers& registers, const Real& real);
int mutex_took(pthread_mutex_t* mutex, int rc);

// Type and flag bits of glibc's __kind; a default mutex has none set.
inline bool plain_mutex(const pthread_mutex_t* mutex) {
  return known_mutex_layout && mutex->__data.__kind == 0;
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

// Takes a free plain mutex the way glibc's fast path does.
inline bool take_plain_mutex(pthread_mutex_t* mutex) {
  int& word = mutex->__data.__lock;
  if (__libc_single_threaded) {
    if (word != 0) return false;
    word = 1;
  } else {
    int free = 0;
    if (!__atomic_compare_exchange_n(&word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
      return false;
  }
  mutex->__data.__owner = core::this_thread.tid;
  ++mutex->__data.__nusers;
  return true;
}

inline bool give_plain_mutex(pthread_mutex_t* mutex) {
  int& word = mutex->__data.__lock;
  if (__libc_single_threaded) {
    if (word != 1) return false;
    mutex->__data.__owner = 0;
    --mutex->__data.__nusers;
    word = 0;
    return true;
  }
  mutex->__data.__owner = 0;
  --mutex->__data.__nusers;
  int held = 1;
  if (__atomic_compare_exchange_n(&word, &held, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
    return true;
  ++mutex->__data.__nusers;  // somebody waits: libc does it all, the wake-up included
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

[[gnu::always_inline]] inline int mutex_lock(pthread_mutex_t* mutex, const Real& real) {
  if (__builtin_expect(
          core::this_thread.locks != nullptr && core::recording_is_ours() && plain_mutex(mutex),
          1)) {
    if (__builtin_expect(take_plain_mutex(mutex), 1)) {
      add_held(mutex, wire::kHeldMutex);
      return 0;
    }
  } else if (robust_mutex(mutex)) {
    if (robust_mutex_free(mutex)) return mutex_took(mutex, real.pthread_mutex_lock(mutex));
  } else {
    const int rc = real.pthread_mutex_trylock(mutex);
    if (rc != EBUSY) return mutex_took(mutex, rc);
  }
  TRACK_REGISTERS(registers);
  return mutex_wait(mutex, registers, real);
}

[[gnu::always_inline]] inline int mutex_unlock(pthread_mutex_t* mutex, const Real& real) {
  if (__builtin_expect(
          core::this_thread.locks != nullptr && core::recording_is_ours() && plain_mutex(mutex),
          1)) {
    remove_held(mutex, mutex->__data.__owner != core::this_thread.tid);
    if (__builtin_expect(give_plain_mutex(mutex), 1)) return 0;
    return real.pthread_mutex_unlock(mutex);
  }
  if (!refuses_unlock(mutex)) remove_held(mutex, mutex->__data.__owner != core::this_thread.tid);
  return real.pthread_mutex_unlock(mutex);
}

int mutex_trylock(pthread_mutex_t* mutex, const Real& real);

// Reader-writer locks and spinlocks.
int rwlock_wait(pthread_rwlock_t* lock, WaitKind kind, const core::Registers& registers,
                const Real& real);
WaitRequest rwlock_request(const pthread_rwlock_t* lock, WaitKind kind, bool timed);
int spin_wait(pthread_spinlock_t* lock, const core::Registers& registers, const Real& real);

inline int took(const volatile void* lock, wire::HeldSort sort, int rc) {
  if (rc == 0) add_held(lock, sort);
  return rc;
}

}  // namespace track::capture
