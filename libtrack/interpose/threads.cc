// Threads: a name and a call. The meaning is in capture/threads.
#include "libtrack/capture/threads.h"

#include "libtrack/interpose/export.h"

using namespace track::capture;
using track::wire::kWaitTimed;

#define TRACK_HERE(name)         \
  ::track::core::Registers name; \
  TRACK_GET_REGISTERS(name)

TRACK_EXPORT int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                void* (*routine)(void*), void* argument) noexcept {
  TRACK_HERE(registers);
  return create_thread(thread, attributes, routine, argument, registers, real);
}

TRACK_EXPORT int thrd_create(thrd_t* thread, thrd_start_t routine, void* argument) {
  TRACK_HERE(registers);
  return create_c11_thread(thread, routine, argument, registers, real);
}

#define TRACK_JOIN(thread, flags, success, call) \
  TRACK_HERE(registers);                         \
  OpenJoin join;                                 \
  begin_join(join, thread, flags, registers);    \
  const int rc = real.call;                      \
  end_join(join, rc == (success));               \
  return rc

TRACK_EXPORT int pthread_join(pthread_t t, void** result) {
  TRACK_JOIN(t, 0, 0, pthread_join(t, result));
}
TRACK_EXPORT int pthread_tryjoin_np(pthread_t t, void** result) noexcept {
  TRACK_JOIN(t, kWaitTimed, 0, pthread_tryjoin_np(t, result));
}
TRACK_EXPORT int pthread_timedjoin_np(pthread_t t, void** result, const timespec* limit) {
  TRACK_JOIN(t, limit != nullptr ? kWaitTimed : 0, 0, pthread_timedjoin_np(t, result, limit));
}
TRACK_EXPORT int pthread_clockjoin_np(pthread_t t, void** result, clockid_t clock,
                                      const timespec* limit) {
  TRACK_JOIN(t, limit != nullptr ? kWaitTimed : 0, 0,
             pthread_clockjoin_np(t, result, clock, limit));
}
TRACK_EXPORT int thrd_join(thrd_t t, int* result) {
  TRACK_JOIN(t, 0, thrd_success, thrd_join(t, result));
}

// The handle may be gone the moment the real call returns: look before.
TRACK_EXPORT int pthread_detach(pthread_t t) noexcept {
  detaching(t);
  return real.pthread_detach(t);
}
TRACK_EXPORT int thrd_detach(thrd_t t) {
  detaching(t);
  return real.thrd_detach(t);
}
TRACK_EXPORT int pthread_setname_np(pthread_t t, const char* name) noexcept {
  const int rc = real.pthread_setname_np(t, name);
  if (rc == 0) named(t, name);
  return rc;
}
TRACK_EXPORT int pthread_cancel(pthread_t t) {
  cancelled(t);
  return real.pthread_cancel(t);
}
