// what: every wait that takes a clock, with both clocks, past and bad times: results and errno
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>
#include <time.h>

#include <thread>

#include "tests/torture/check.h"

static timespec in(clockid_t clock, long ms) {
  timespec t;
  clock_gettime(clock, &t);
  t.tv_nsec += ms % 1000 * 1000000;
  t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  return t;
}

template <class F>
static void in_thread(F f) {
  std::thread(f).join();
}

int main() {
  static const timespec bad{1, 2000000000}, negative{-5, 0};
  pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, held = PTHREAD_MUTEX_INITIALIZER;
  pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
  pthread_cond_t c = PTHREAD_COND_INITIALIZER;
  sem_t s;
  sem_init(&s, 0, 0);
  pthread_mutex_lock(&held);
  pthread_rwlock_wrlock(&rw);
  for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, clockid_t{99}}) {
    const timespec soon = in(clock == 99 ? CLOCK_REALTIME : clock, 3);
    const timespec past{1, 0};
    for (const timespec* t : {&soon, &past, &bad, &negative}) {
      printf("clock %d time %d\n", static_cast<int>(clock),
             t == &soon   ? 0
             : t == &past ? 1
             : t == &bad  ? 2
                          : 3);
      in_thread([&] {
        SHOW_ERRNO(pthread_mutex_clocklock(&held, clock, t));
        SHOW_ERRNO(pthread_rwlock_clockrdlock(&rw, clock, t));
        SHOW_ERRNO(pthread_rwlock_clockwrlock(&rw, clock, t));
        SHOW_ERRNO(sem_clockwait(&s, clock, t));
        pthread_mutex_lock(&m);
        SHOW_ERRNO(pthread_cond_clockwait(&c, &m, clock, t));
        pthread_mutex_unlock(&m);
        pthread_t other;
        static pthread_barrier_t barrier;
        pthread_barrier_init(&barrier, nullptr, 2);
        pthread_create(
            &other, nullptr,
            [](void*) -> void* {
              pthread_barrier_wait(&barrier);
              return nullptr;
            },
            nullptr);
        // glibc tries for ever with a time that is none.
        if (t != &bad) SHOW_ERRNO(pthread_clockjoin_np(other, nullptr, clock, t));
        pthread_barrier_wait(&barrier);
        SHOW_ERRNO(pthread_join(other, nullptr));
      });
      SHOW_ERRNO(pthread_mutex_clocklock(&m, clock, t));
      pthread_mutex_unlock(&m);
      SHOW_ERRNO(sem_post(&s));
      SHOW_ERRNO(sem_clockwait(&s, clock, t));
      SHOW_ERRNO(clock_nanosleep(clock, TIMER_ABSTIME, t, nullptr));
    }
  }
  for (const timespec* t : {&bad, &negative}) {
    in_thread([&] {
      SHOW_ERRNO(pthread_mutex_timedlock(&held, t));
      SHOW_ERRNO(pthread_rwlock_timedrdlock(&rw, t));
      SHOW_ERRNO(pthread_rwlock_timedwrlock(&rw, t));
      SHOW_ERRNO(sem_timedwait(&s, t));
      SHOW_ERRNO(nanosleep(t, nullptr));
      mtx_t mtx;
      mtx_init(&mtx, mtx_timed);
      SHOW_ERRNO(mtx_timedlock(&mtx, t));
      SHOW_ERRNO(mtx_unlock(&mtx));
      SHOW_ERRNO(thrd_sleep(t, nullptr));
    });
  }
  // The owner's own waits.
  SHOW_ERRNO(pthread_rwlock_rdlock(&rw));
  SHOW_ERRNO(pthread_rwlock_wrlock(&rw));
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  for (int type : {PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_RECURSIVE})
    for (int protocol : {PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT})
      for (int robust : {PTHREAD_MUTEX_STALLED, PTHREAD_MUTEX_ROBUST})
        for (int shared : {PTHREAD_PROCESS_PRIVATE, PTHREAD_PROCESS_SHARED}) {
          pthread_mutexattr_settype(&attributes, type);
          pthread_mutexattr_setprotocol(&attributes, protocol);
          pthread_mutexattr_setrobust(&attributes, robust);
          pthread_mutexattr_setpshared(&attributes, shared);
          pthread_mutex_t x;
          const timespec soon = in(CLOCK_REALTIME, 3), mono = in(CLOCK_MONOTONIC, 3);
          SHOW_ERRNO(pthread_mutex_init(&x, &attributes));
          SHOW_ERRNO(pthread_mutex_unlock(&x));
          SHOW_ERRNO(pthread_mutex_lock(&x));
          SHOW_ERRNO(pthread_mutex_lock(&x));
          SHOW_ERRNO(pthread_mutex_trylock(&x));
          SHOW_ERRNO(pthread_mutex_timedlock(&x, &soon));
          SHOW_ERRNO(pthread_mutex_clocklock(&x, CLOCK_MONOTONIC, &mono));
          in_thread([&] {
            SHOW_ERRNO(pthread_mutex_trylock(&x));
            SHOW_ERRNO(pthread_mutex_unlock(&x));
            const timespec later = in(CLOCK_REALTIME, 3), mono_later = in(CLOCK_MONOTONIC, 3);
            SHOW_ERRNO(pthread_mutex_timedlock(&x, &later));
            SHOW_ERRNO(pthread_mutex_clocklock(&x, CLOCK_MONOTONIC, &mono_later));
          });
          if (robust == PTHREAD_MUTEX_ROBUST) {
            for (int i = 0; i < 6; ++i) pthread_mutex_unlock(&x);
            in_thread([&] { pthread_mutex_lock(&x); });
            const timespec l2 = in(CLOCK_REALTIME, 30);
            SHOW_ERRNO(pthread_mutex_timedlock(&x, &l2));
            SHOW_ERRNO(pthread_mutex_consistent(&x));
            SHOW_ERRNO(pthread_mutex_unlock(&x));
            in_thread([&] { pthread_mutex_lock(&x); });
            SHOW_ERRNO(pthread_mutex_trylock(&x));
            SHOW_ERRNO(pthread_mutex_unlock(&x));
            SHOW_ERRNO(pthread_mutex_lock(&x));
            SHOW_ERRNO(pthread_mutex_trylock(&x));
          }
        }
}
