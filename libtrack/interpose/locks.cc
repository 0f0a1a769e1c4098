// Locks: a name and a call. The meaning is in capture/locks.
#include "libtrack/capture/locks.h"

#include "libtrack/capture/births.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;
using track::wire::kHeldRead;
using track::wire::kHeldSpin;
using track::wire::kHeldWrite;

// The rare cases end in these by a jump (the build sees to it): they stand in the hooks' place, and
// the hooks have nothing to save.
namespace {
[[gnu::noinline]] int lock_otherwise(pthread_mutex_t* m) {
  if (holds_recorded() && locked_recorded(m, __builtin_return_address(0))) return 0;
  return mutex_lock(m, real);
}
[[gnu::noinline]] int unlock_otherwise(pthread_mutex_t* m) {
  if (holds_recorded() && unlocked_recorded(m, __builtin_return_address(0))) return 0;
  return mutex_unlock(m, real);
}
}  // namespace

TRACK_EXPORT int pthread_mutex_lock(pthread_mutex_t* m) noexcept {
  return locked_plain(m) ? 0 : lock_otherwise(m);
}
TRACK_EXPORT int pthread_mutex_unlock(pthread_mutex_t* m) noexcept {
  return unlocked_plain(m) ? 0 : unlock_otherwise(m);
}
TRACK_EXPORT int pthread_mutex_trylock(pthread_mutex_t* m) noexcept {
  return mutex_trylock(m, real);
}

TRACK_EXPORT int pthread_mutex_timedlock(pthread_mutex_t* m, const timespec* limit) noexcept {
  if (!robust_mutex(m)) {
    const int rc = real.pthread_mutex_trylock(m);
    if (rc != EBUSY) return mutex_took(m, rc);
  }
  TRACK_REGISTERS(registers);
  return mutex_timed_wait(m, 0, limit, false, registers, real);
}

TRACK_EXPORT int pthread_mutex_clocklock(pthread_mutex_t* m, clockid_t clock,
                                         const timespec* limit) noexcept {
  if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
    return real.pthread_mutex_clocklock(m, clock,
                                        limit);  // its own EINVAL, whatever the lock's state
  if (!robust_mutex(m)) {
    const int rc = real.pthread_mutex_trylock(m);
    if (rc != EBUSY) return mutex_took(m, rc);
  }
  TRACK_REGISTERS(registers);
  return mutex_timed_wait(m, clock, limit, true, registers, real);
}

TRACK_EXPORT int pthread_mutex_destroy(pthread_mutex_t* m) noexcept {
  const int rc = real.pthread_mutex_destroy(m);
  // glibc refuses to destroy a held one; of robust ones it may not know.
  if (rc == 0 && m->__data.__lock != 0) forget_held(m);
  if (rc == 0) note_death(m);
  return rc;
}

// Where a lock comes from. Most never come by here: a std::mutex is initialized by the compiler.
TRACK_EXPORT int pthread_mutex_init(pthread_mutex_t* m, const pthread_mutexattr_t* a) noexcept {
  const int rc = real.pthread_mutex_init(m, a);
  TRACK_REGISTERS(registers);
  if (rc == 0) forget_own(m);
  if (rc == 0) note_birth(m, registers);
  return rc;
}
TRACK_EXPORT int pthread_rwlock_init(pthread_rwlock_t* l, const pthread_rwlockattr_t* a) noexcept {
  const int rc = real.pthread_rwlock_init(l, a);
  TRACK_REGISTERS(registers);
  if (rc == 0) note_birth(l, registers);
  return rc;
}
TRACK_EXPORT int pthread_spin_init(pthread_spinlock_t* l, int shared) noexcept {
  const int rc = real.pthread_spin_init(l, shared);
  TRACK_REGISTERS(registers);
  if (rc == 0) note_birth(l, registers);
  return rc;
}
TRACK_EXPORT int mtx_init(mtx_t* m, int type) {
  const int rc = real.mtx_init(m, type);
  TRACK_REGISTERS(registers);
  if (rc == thrd_success) note_birth(m, registers);
  return rc;
}

// The others' destruction checks nothing: who still holds such a lock holds nothing any more.
TRACK_EXPORT int pthread_rwlock_destroy(pthread_rwlock_t* l) noexcept {
  if (l->__data.__readers >> 3 != 0 || l->__data.__cur_writer != 0) forget_held(l);
  note_death(l);
  return real.pthread_rwlock_destroy(l);
}
TRACK_EXPORT int pthread_spin_destroy(pthread_spinlock_t* l) noexcept {
  constexpr int kFree = 1;
  if (*l != kFree) forget_held(l);
  note_death(l);
  return real.pthread_spin_destroy(l);
}

// C11 mutexes are pthread mutexes inside, but libc does not come back through the names above.
namespace {
pthread_mutex_t* inner(mtx_t* m) {
  return reinterpret_cast<pthread_mutex_t*>(m);
}
}  // namespace

TRACK_EXPORT int mtx_lock(mtx_t* m) {
  int rc = real.mtx_trylock(m);
  TRACK_REGISTERS(registers);
  if (rc == thrd_busy) {
    OpenWait open;
    WaitRequest request{WaitKind::mutex};
    request.object = m;
    request.owner_tid = inner(m)->__data.__owner;
    begin_wait(open, request, registers);
    rc = real.mtx_lock(m);
    end_wait(open);
  }
  if (rc == thrd_success && order_is_new(m, track::wire::kHeldMutex))
    note_order(m, track::wire::kHeldMutex, registers);
  if (rc == thrd_success) add_held(m, track::wire::kHeldMutex);
  return rc;
}

TRACK_EXPORT int mtx_trylock(mtx_t* m) {
  const int rc = real.mtx_trylock(m);
  if (rc == thrd_success) add_held(m, track::wire::kHeldMutex);
  return rc;
}

TRACK_EXPORT int mtx_timedlock(mtx_t* m, const timespec* limit) {
  TRACK_WAIT(open, WaitRequest{WaitKind::mutex, track::wire::kWaitTimed, m});
  const int rc = real.mtx_timedlock(m, limit);
  end_wait(open, rc == thrd_success);
  if (rc == thrd_success) add_held(m, track::wire::kHeldMutex);
  return rc;
}

TRACK_EXPORT int mtx_unlock(mtx_t* m) {
  if (mutex_awaited(inner(m)) && !refuses_unlock(inner(m))) {
    TRACK_REGISTERS(registers);
    note_unlock(m, WaitKind::mutex, registers);
  }
  remove_held(m, inner(m)->__data.__owner != track::core::this_thread.tid);
  return real.mtx_unlock(m);
}

TRACK_EXPORT void mtx_destroy(mtx_t* m) {
  if (inner(m)->__data.__lock != 0) forget_held(m);
  note_death(m);
  real.mtx_destroy(m);
}

TRACK_EXPORT int pthread_rwlock_rdlock(pthread_rwlock_t* l) noexcept {
  const int rc = real.pthread_rwlock_tryrdlock(l);
  TRACK_REGISTERS(registers);
  if (rc != EBUSY) return took_in_order(l, kHeldRead, rc, registers);
  return rwlock_wait(l, WaitKind::rwlock_read, registers, real);
}

TRACK_EXPORT int pthread_rwlock_wrlock(pthread_rwlock_t* l) noexcept {
  const int rc = real.pthread_rwlock_trywrlock(l);
  TRACK_REGISTERS(registers);
  if (rc != EBUSY) return took_in_order(l, kHeldWrite, rc, registers);
  return rwlock_wait(l, WaitKind::rwlock_write, registers, real);
}

TRACK_EXPORT int pthread_rwlock_tryrdlock(pthread_rwlock_t* l) noexcept {
  return took(l, kHeldRead, real.pthread_rwlock_tryrdlock(l));
}
TRACK_EXPORT int pthread_rwlock_trywrlock(pthread_rwlock_t* l) noexcept {
  return took(l, kHeldWrite, real.pthread_rwlock_trywrlock(l));
}

// glibc looks at the clock and the limit first, even where it need not wait.
namespace {
bool sensible(clockid_t clock, const timespec* limit) {
  return (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC) && limit != nullptr &&
         limit->tv_nsec >= 0 && limit->tv_nsec < 1000000000;
}
}  // namespace

#define TRACK_TIMED_RWLOCK(sort, kind, attempt, clock, limit, call) \
  int rc = sensible(clock, limit) ? real.attempt(l) : EBUSY;        \
  if (rc == EBUSY) {                                                \
    TRACK_WAIT(open, rwlock_request(l, WaitKind::kind, true));      \
    rc = real.call;                                                 \
    end_wait(open, rc == 0);                                        \
  }                                                                 \
  return took(l, sort, rc)

TRACK_EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t* l, const timespec* t) noexcept {
  TRACK_TIMED_RWLOCK(kHeldRead, rwlock_read, pthread_rwlock_tryrdlock, CLOCK_REALTIME, t,
                     pthread_rwlock_timedrdlock(l, t));
}
TRACK_EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t* l, const timespec* t) noexcept {
  TRACK_TIMED_RWLOCK(kHeldWrite, rwlock_write, pthread_rwlock_trywrlock, CLOCK_REALTIME, t,
                     pthread_rwlock_timedwrlock(l, t));
}
TRACK_EXPORT int pthread_rwlock_clockrdlock(pthread_rwlock_t* l, clockid_t clock,
                                            const timespec* t) noexcept {
  TRACK_TIMED_RWLOCK(kHeldRead, rwlock_read, pthread_rwlock_tryrdlock, clock, t,
                     pthread_rwlock_clockrdlock(l, clock, t));
}
TRACK_EXPORT int pthread_rwlock_clockwrlock(pthread_rwlock_t* l, clockid_t clock,
                                            const timespec* t) noexcept {
  TRACK_TIMED_RWLOCK(kHeldWrite, rwlock_write, pthread_rwlock_trywrlock, clock, t,
                     pthread_rwlock_clockwrlock(l, clock, t));
}

namespace {
WaitKind side_held(const pthread_rwlock_t* l) {
  return l->__data.__cur_writer != 0 ? WaitKind::rwlock_write : WaitKind::rwlock_read;
}
[[gnu::noinline]] int unlock_awaited(pthread_rwlock_t* l) {
  TRACK_REGISTERS(registers);
  note_unlock(l, side_held(l), registers);
  remove_held(l, true);
  return real.pthread_rwlock_unlock(l);
}
}  // namespace

TRACK_EXPORT int pthread_rwlock_unlock(pthread_rwlock_t* l) noexcept {
  if (rwlock_awaited(l)) return unlock_awaited(l);
  remove_held(l, true);
  return real.pthread_rwlock_unlock(l);
}

TRACK_EXPORT int pthread_spin_lock(pthread_spinlock_t* l) noexcept {
  const int rc = real.pthread_spin_trylock(l);
  TRACK_REGISTERS(registers);
  if (rc != EBUSY) return took_in_order(l, kHeldSpin, rc, registers);
  return spin_wait(l, registers, real);
}
TRACK_EXPORT int pthread_spin_trylock(pthread_spinlock_t* l) noexcept {
  return took(l, kHeldSpin, real.pthread_spin_trylock(l));
}
TRACK_EXPORT int pthread_spin_unlock(pthread_spinlock_t* l) noexcept {
  remove_held(l, true);
  return real.pthread_spin_unlock(l);
}
