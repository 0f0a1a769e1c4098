// Condition variables, semaphores, barriers, once: a wait around the real call.
//
// A condition wait gives its mutex up meanwhile: it leaves the held set before the call and is back
// after it, unless the call says that it never was ours (EPERM) or never will be; after a
// cancellation the mutex is held but not listed.
#include "libtrack/capture/locks.h"
#include "libtrack/capture/waits.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;
using track::wire::kHeldMutex;
using track::wire::kWaitTimed;

namespace {
void give_up_mutex(pthread_mutex_t* mutex, uint32_t stack) {
  if (mutex_awaited(mutex)) note_unlock(mutex, WaitKind::mutex, stack);
  remove_held(mutex, false, stack);
}
void give_up_mutex(mtx_t* mutex, uint32_t stack) {
  give_up_mutex(reinterpret_cast<pthread_mutex_t*>(mutex), stack);
}
bool holds_again(int rc) {
  return rc != EPERM && rc != ENOTRECOVERABLE;
}
}  // namespace

#define TRACK_CONDITION_WAIT(object, lock, flags, call)                    \
  TRACK_WAIT(open, WaitRequest{WaitKind::condition, flags, object, lock}); \
  give_up_mutex(lock, open.stack);                                         \
  const auto rc = call;                                                    \
  if (holds_again(rc)) add_held(lock, kHeldMutex);                         \
  end_wait(open, rc == 0);                                                 \
  return rc

TRACK_EXPORT int pthread_cond_wait(pthread_cond_t* c, pthread_mutex_t* m) {
  TRACK_CONDITION_WAIT(c, m, 0, real.pthread_cond_wait(c, m));
}
TRACK_EXPORT int pthread_cond_timedwait(pthread_cond_t* c, pthread_mutex_t* m, const timespec* t) {
  TRACK_CONDITION_WAIT(c, m, kWaitTimed, real.pthread_cond_timedwait(c, m, t));
}
// Binaries from before glibc 2.3.2: their condition is a pointer to the real one.
TRACK_EXPORT int old_pthread_cond_wait(pthread_cond_t* c, pthread_mutex_t* m) {
  TRACK_CONDITION_WAIT(c, m, 0, real.old_pthread_cond_wait(c, m));
}
TRACK_OLD_VERSION(pthread_cond_wait, "GLIBC_2.2.5");
TRACK_EXPORT int old_pthread_cond_timedwait(pthread_cond_t* c, pthread_mutex_t* m,
                                            const timespec* t) {
  TRACK_CONDITION_WAIT(c, m, kWaitTimed, real.old_pthread_cond_timedwait(c, m, t));
}
TRACK_OLD_VERSION(pthread_cond_timedwait, "GLIBC_2.2.5");
TRACK_EXPORT int pthread_cond_clockwait(pthread_cond_t* c, pthread_mutex_t* m, clockid_t clock,
                                        const timespec* t) {
  TRACK_CONDITION_WAIT(c, m, kWaitTimed, real.pthread_cond_clockwait(c, m, clock, t));
}
TRACK_EXPORT int cnd_wait(cnd_t* c, mtx_t* m) {
  TRACK_CONDITION_WAIT(c, m, 0, real.cnd_wait(c, m));
}
TRACK_EXPORT int cnd_timedwait(cnd_t* c, mtx_t* m, const timespec* t) {
  TRACK_CONDITION_WAIT(c, m, kWaitTimed, real.cnd_timedwait(c, m, t));
}

// Who wakes others, where somebody waits: glibc keeps how many in the upper bits of the references.
namespace {
bool awaited(const pthread_cond_t* c) {
  constexpr unsigned kFlagBits = 3;
  return __atomic_load_n(&c->__data.__wrefs, __ATOMIC_RELAXED) >> kFlagBits != 0;
}
bool awaited(const cnd_t* c) {
  return awaited(reinterpret_cast<const pthread_cond_t*>(c));
}
// The new kind of semaphore: its value in the lower half, its waiters in the upper.
bool awaited(const sem_t* s) {
  return __atomic_load_n(reinterpret_cast<const uint64_t*>(s), __ATOMIC_RELAXED) >> 32 != 0;
}
}  // namespace

// The hook has nothing to save: where nobody waits it ends in the real call, else in wake_NAME.
#define TRACK_WAKER(name, Object, ...)                 \
  namespace {                                          \
  [[gnu::noinline]] int wake_##name(Object* o) {       \
    TRACK_REGISTERS(registers);                        \
    note_wake(o, registers);                           \
    return real.name(o);                               \
  }                                                    \
  }                                                    \
  TRACK_EXPORT int name(Object* o) __VA_ARGS__ {       \
    return awaited(o) ? wake_##name(o) : real.name(o); \
  }

TRACK_WAKER(pthread_cond_signal, pthread_cond_t, noexcept)
TRACK_WAKER(pthread_cond_broadcast, pthread_cond_t, noexcept)
TRACK_WAKER(cnd_signal, cnd_t)
TRACK_WAKER(cnd_broadcast, cnd_t)
TRACK_WAKER(sem_post, sem_t, noexcept)
// As above: these binaries' conditions are pointers, and who wakes them is not looked for.
TRACK_EXPORT int old_pthread_cond_signal(pthread_cond_t* c) noexcept {
  return real.old_pthread_cond_signal(c);
}
TRACK_OLD_VERSION(pthread_cond_signal, "GLIBC_2.2.5");
TRACK_EXPORT int old_pthread_cond_broadcast(pthread_cond_t* c) noexcept {
  return real.old_pthread_cond_broadcast(c);
}
TRACK_OLD_VERSION(pthread_cond_broadcast, "GLIBC_2.2.5");

// Only a semaphore without a token makes its taker wait. A look is no try: sem_wait acts on a
// pending cancellation before it takes anything, and must go on doing so.
namespace {
bool has_token(sem_t* s) {
  int value = 0;
  return sem_getvalue(s, &value) == 0 && value > 0;
}
}  // namespace

TRACK_EXPORT int sem_wait(sem_t* s) {
  if (has_token(s)) return real.sem_wait(s);
  TRACK_WAIT(open, WaitRequest{WaitKind::semaphore, 0, s});
  const int rc = real.sem_wait(s);
  end_wait(open, rc == 0);
  return rc;
}
TRACK_EXPORT int sem_timedwait(sem_t* s, const timespec* t) {
  if (has_token(s)) return real.sem_timedwait(s, t);
  TRACK_WAIT(open, WaitRequest{WaitKind::semaphore, kWaitTimed, s});
  const int rc = real.sem_timedwait(s, t);
  end_wait(open, rc == 0);
  return rc;
}
TRACK_EXPORT int sem_clockwait(sem_t* s, clockid_t clock, const timespec* t) {
  if (has_token(s)) return real.sem_clockwait(s, clock, t);
  TRACK_WAIT(open, WaitRequest{WaitKind::semaphore, kWaitTimed, s});
  const int rc = real.sem_clockwait(s, clock, t);
  end_wait(open, rc == 0);
  return rc;
}

TRACK_EXPORT int pthread_barrier_wait(pthread_barrier_t* b) noexcept {
  TRACK_WAIT(open, WaitRequest{WaitKind::barrier, 0, b});
  const int rc = real.pthread_barrier_wait(b);
  end_wait(open);
  return rc;
}

// The control word says whether the routine is over (2) or running (1): only then is it a wait.
TRACK_EXPORT int pthread_once(pthread_once_t* once, void (*routine)()) {
  if ((__atomic_load_n(once, __ATOMIC_ACQUIRE) & 3) != 1) return real.pthread_once(once, routine);
  TRACK_WAIT(open, WaitRequest{WaitKind::once, 0, once});
  const int rc = real.pthread_once(once, routine);
  end_wait(open);
  return rc;
}
TRACK_EXPORT void call_once(once_flag* once, void (*routine)()) {
  if ((__atomic_load_n(reinterpret_cast<int*>(once), __ATOMIC_ACQUIRE) & 3) != 1)
    return real.call_once(once, routine);
  TRACK_WAIT(open, WaitRequest{WaitKind::once, 0, once});
  real.call_once(once, routine);
  end_wait(open);
}
