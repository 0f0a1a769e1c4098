// what: conditions, semaphores, barriers: results and errno on success, timeout and misuse
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>

#include <atomic>
#include <thread>

#include "tests/torture/check.h"

int main() {
  const timespec invalid{0, 2000000000}, negative{-1, 0}, past{0, 0};
  pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_t checked = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
  pthread_cond_t c = PTHREAD_COND_INITIALIZER;
  pthread_mutex_lock(&m);
  for (const timespec* t : {&invalid, &negative, &past}) {
    SHOW_ERRNO(pthread_cond_timedwait(&c, &m, t));
    SHOW_ERRNO(pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, t));
    SHOW_ERRNO(pthread_cond_clockwait(&c, &m, 55, t));
  }
  SHOW(m.__data.__owner == gettid());
  pthread_mutex_unlock(&m);
  SHOW_ERRNO(pthread_cond_wait(&c, &checked));
  SHOW_ERRNO(pthread_cond_timedwait(&c, &checked, &past));
  SHOW(pthread_mutex_trylock(&checked));
  SHOW_ERRNO(pthread_cond_timedwait(&c, &checked, &past));
  SHOW(pthread_mutex_unlock(&checked));
  SHOW(pthread_cond_destroy(&c));

  sem_t s;
  SHOW(sem_init(&s, 0, 1));
  SHOW_ERRNO(sem_timedwait(&s, &invalid));
  SHOW_ERRNO(sem_timedwait(&s, &invalid));
  SHOW_ERRNO(sem_timedwait(&s, &past));
  SHOW_ERRNO(sem_clockwait(&s, CLOCK_MONOTONIC, &past));
  SHOW_ERRNO(sem_clockwait(&s, 99, &past));
  SHOW_ERRNO(sem_trywait(&s));
  sem_post(&s);
  SHOW_ERRNO(sem_clockwait(&s, 99, &past));
  SHOW_ERRNO(sem_clockwait(&s, CLOCK_MONOTONIC, &invalid));
  SHOW_ERRNO(sem_wait(&s));
  struct sigaction action {};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, nullptr);
  std::atomic<bool> woken{false};
  std::thread waiter([&] {
    SHOW_ERRNO(sem_wait(&s));
    woken = true;
  });
  // Again and again: a signal that comes before the wait does not end it.
  while (!woken) {
    pthread_kill(waiter.native_handle(), SIGUSR1);
    usleep(1000);
  }
  waiter.join();
  SHOW(sem_destroy(&s));

  pthread_barrier_t b;
  SHOW(pthread_barrier_init(&b, nullptr, 2));
  for (int i = 0; i < 3; ++i) {
    int mine = 0, other = 0;
    std::thread second([&] { other = pthread_barrier_wait(&b); });
    mine = pthread_barrier_wait(&b);
    second.join();
    SHOW(mine + other == PTHREAD_BARRIER_SERIAL_THREAD);
  }
  SHOW(pthread_barrier_destroy(&b));
}
