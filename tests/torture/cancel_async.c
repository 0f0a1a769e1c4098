// what: asynchronous cancellation in the midst of computing and of waits, with cleanup handlers
// repeat: 2
// In C, whose cleanup handlers are called wherever the thread stands: of C++ the unwinder ends the
// program at any instruction that cannot throw.
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>

#include "tests/torture/check.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static volatile int spins;
static int cleaned;

static void clean(void* unused) {
  (void)unused;
  __atomic_add_fetch(&cleaned, 1, __ATOMIC_RELAXED);
}

static void* victim(void* kind) {
  pthread_cleanup_push(clean, NULL);
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  switch ((long)kind) {
    case 0:
      for (;;) spins = spins + 1;
    case 1:
      for (;;) {
        struct timespec t = {0, 1000};
        nanosleep(&t, NULL);
      }
    case 2:
      for (;;) {
        poll(NULL, 0, 0);
        sched_yield();
      }
    case 3:
      for (;;) {
        sem_t s;
        sem_init(&s, 0, 1);
        sem_wait(&s);
      }
    case 4:
      for (;;) pthread_testcancel();
    case 5:
      for (;;) {
        int old;
        pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old);  // glibc 2.36 heeds no other
        pthread_mutex_lock(&m);
        pthread_mutex_unlock(&m);
        pthread_setcanceltype(old, NULL);
      }
    case 6:
      for (;;) {
        char c;
        if (read(-1, &c, 1) == 5) break;
      }
  }
  pthread_cleanup_pop(0);
  return NULL;
}

int main(void) {
  int canceled = 0;
  for (long round = 0; round < 20; ++round)
    for (long kind = 0; kind < 7; ++kind) {
      pthread_t t;
      pthread_create(&t, NULL, victim, (void*)kind);
      struct timespec w = {0, 20000 + round * 7000};
      nanosleep(&w, NULL);
      pthread_cancel(t);
      void* r = NULL;
      pthread_join(t, &r);
      canceled += r == PTHREAD_CANCELED;
    }
  SHOW(canceled);
  SHOW(cleaned);
  SHOW(pthread_mutex_trylock(&m));
}
