// what: every sort of mutex, used rightly and wrongly: results, owners and counts as glibc's
#include <pthread.h>
#include <time.h>

#include <initializer_list>
#include <thread>

#include "tests/torture/check.h"

static timespec soon(clockid_t clock, long ms) {
  timespec t;
  clock_gettime(clock, &t);
  t.tv_nsec += ms * 1000000;
  t.tv_sec += t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  return t;
}

static void state(pthread_mutex_t* m) {
  printf("  lock %d owned %d users %u count %u kind %d\n", m->__data.__lock != 0,
         m->__data.__owner == gettid(), m->__data.__nusers, m->__data.__count, m->__data.__kind);
}

static void drive(const char* name, int type, int protocol, int robust, int shared) {
  printf("== %s\n", name);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  SHOW(pthread_mutexattr_settype(&attributes, type));
  SHOW(pthread_mutexattr_setprotocol(&attributes, protocol));
  SHOW(pthread_mutexattr_setrobust(&attributes, robust));
  SHOW(pthread_mutexattr_setpshared(&attributes, shared));
  pthread_mutex_t mutex, *m = &mutex;
  SHOW(pthread_mutex_init(m, &attributes));
  const timespec invalid{0, 2000000000}, negative{-1, 0}, past{0, 0};
  SHOW_ERRNO(pthread_mutex_lock(m));
  state(m);
  SHOW_ERRNO(pthread_mutex_trylock(m));
  state(m);
  if (type == PTHREAD_MUTEX_ERRORCHECK || type == PTHREAD_MUTEX_RECURSIVE) {
    SHOW_ERRNO(pthread_mutex_lock(m));
    state(m);
    timespec limit = soon(CLOCK_REALTIME, 1);
    SHOW_ERRNO(pthread_mutex_timedlock(m, &limit));
    state(m);
  }
  const timespec one_ms = soon(CLOCK_REALTIME, 3);
  std::thread([&] {
    SHOW_ERRNO(pthread_mutex_trylock(m));
    SHOW_ERRNO(pthread_mutex_timedlock(m, &invalid));
    SHOW_ERRNO(pthread_mutex_timedlock(m, &negative));
    SHOW_ERRNO(pthread_mutex_timedlock(m, &past));
    SHOW_ERRNO(pthread_mutex_timedlock(m, &one_ms));
    const timespec monotonic = soon(CLOCK_MONOTONIC, 2);
    SHOW_ERRNO(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &monotonic));
    SHOW_ERRNO(pthread_mutex_clocklock(m, CLOCK_PROCESS_CPUTIME_ID, &monotonic));
    SHOW_ERRNO(pthread_mutex_clocklock(m, 99, &monotonic));
    if (type == PTHREAD_MUTEX_ERRORCHECK || robust == PTHREAD_MUTEX_ROBUST)
      SHOW_ERRNO(pthread_mutex_unlock(m));
  }).join();
  SHOW_ERRNO(pthread_mutex_destroy(m));
  for (int i = 0; i < 5; ++i) {
    if (m->__data.__lock == 0) break;
    SHOW_ERRNO(pthread_mutex_unlock(m));
    state(m);
  }
  if (type == PTHREAD_MUTEX_ERRORCHECK || type == PTHREAD_MUTEX_RECURSIVE)
    SHOW_ERRNO(pthread_mutex_unlock(m));
  SHOW_ERRNO(pthread_mutex_timedlock(m, &invalid));
  state(m);
  SHOW_ERRNO(pthread_mutex_unlock(m));
  SHOW_ERRNO(pthread_mutex_clocklock(m, 99, &invalid));
  SHOW_ERRNO(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &past));
  SHOW_ERRNO(pthread_mutex_unlock(m));
  SHOW_ERRNO(pthread_mutex_destroy(m));
  SHOW_ERRNO(pthread_mutex_lock(m));
  SHOW_ERRNO(pthread_mutex_trylock(m));
  SHOW_ERRNO(pthread_mutex_unlock(m));
}

int main() {
  constexpr int kNo = PTHREAD_PRIO_NONE, kStalled = PTHREAD_MUTEX_STALLED,
                kPrivate = PTHREAD_PROCESS_PRIVATE;
  for (int pass = 0; pass < 2; ++pass) {
    drive("normal", PTHREAD_MUTEX_NORMAL, kNo, kStalled, kPrivate);
    drive("adaptive", PTHREAD_MUTEX_ADAPTIVE_NP, kNo, kStalled, kPrivate);
    drive("errorcheck", PTHREAD_MUTEX_ERRORCHECK, kNo, kStalled, kPrivate);
    drive("recursive", PTHREAD_MUTEX_RECURSIVE, kNo, kStalled, kPrivate);
    drive("shared", PTHREAD_MUTEX_NORMAL, kNo, kStalled, PTHREAD_PROCESS_SHARED);
    drive("robust", PTHREAD_MUTEX_NORMAL, kNo, PTHREAD_MUTEX_ROBUST, kPrivate);
    drive("robust errorcheck shared", PTHREAD_MUTEX_ERRORCHECK, kNo, PTHREAD_MUTEX_ROBUST,
          PTHREAD_PROCESS_SHARED);
    drive("inherit", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT, kStalled, kPrivate);
    drive("inherit recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_INHERIT, kStalled, kPrivate);
    drive("inherit robust", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_ROBUST,
          kPrivate);
    drive("protect", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_PROTECT, kStalled, kPrivate);
    // Unlocked by another thread, unlocked twice: what glibc tolerates.
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&m);
    std::thread([&] { SHOW(pthread_mutex_unlock(&m)); }).join();
    state(&m);
    SHOW(pthread_mutex_unlock(&m));
    state(&m);
    SHOW(pthread_mutex_lock(&m));
    state(&m);
  }
}
