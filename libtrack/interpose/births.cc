// Where conditions, semaphores and barriers come from. Most conditions never come by here: a
// std::condition_variable is initialized by the compiler.
#include "libtrack/capture/births.h"

#include "libtrack/capture/locks.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;

TRACK_EXPORT int pthread_cond_init(pthread_cond_t* c, const pthread_condattr_t* a) noexcept {
  const int rc = real.pthread_cond_init(c, a);
  TRACK_REGISTERS(registers);
  if (rc == 0) note_birth(c, registers);
  return rc;
}
TRACK_EXPORT int cnd_init(cnd_t* c) {
  const int rc = real.cnd_init(c);
  TRACK_REGISTERS(registers);
  if (rc == thrd_success) note_birth(c, registers);
  return rc;
}
TRACK_EXPORT int sem_init(sem_t* s, int shared, unsigned value) noexcept {
  const int rc = real.sem_init(s, shared, value);
  TRACK_REGISTERS(registers);
  if (rc == 0) note_birth(s, registers);
  return rc;
}
TRACK_EXPORT int pthread_barrier_init(pthread_barrier_t* b, const pthread_barrierattr_t* a,
                                      unsigned count) noexcept {
  const int rc = real.pthread_barrier_init(b, a, count);
  TRACK_REGISTERS(registers);
  if (rc == 0) note_birth(b, registers);
  return rc;
}

// Forgotten first: their waiters may be on their way out, and another may be made there at once.
TRACK_EXPORT int pthread_cond_destroy(pthread_cond_t* c) noexcept {
  note_death(c);
  return real.pthread_cond_destroy(c);
}
TRACK_EXPORT void cnd_destroy(cnd_t* c) {
  note_death(c);
  real.cnd_destroy(c);
}
TRACK_EXPORT int sem_destroy(sem_t* s) noexcept {
  note_death(s);
  return real.sem_destroy(s);
}
TRACK_EXPORT int pthread_barrier_destroy(pthread_barrier_t* b) noexcept {
  note_death(b);
  return real.pthread_barrier_destroy(b);
}

// Binaries from before glibc 2.3.2: their condition is a pointer to the real one, made later.
TRACK_EXPORT int old_pthread_cond_init(pthread_cond_t* c, const pthread_condattr_t* a) noexcept {
  return real.old_pthread_cond_init(c, a);
}
TRACK_OLD_VERSION(pthread_cond_init, "GLIBC_2.2.5");
TRACK_EXPORT int old_pthread_cond_destroy(pthread_cond_t* c) noexcept {
  return real.old_pthread_cond_destroy(c);
}
TRACK_OLD_VERSION(pthread_cond_destroy, "GLIBC_2.2.5");
