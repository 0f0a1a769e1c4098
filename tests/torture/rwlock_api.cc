// what: reader-writer locks and spinlocks: every entry point, errors, bad times, preference
#include <pthread.h>
#include <time.h>

#include <thread>

#include "tests/torture/check.h"

static void drive(int kind) {
  printf("== kind %d\n", kind);
  pthread_rwlockattr_t attributes;
  pthread_rwlockattr_init(&attributes);
  pthread_rwlockattr_setkind_np(&attributes, kind);
  pthread_rwlock_t lock, *l = &lock;
  SHOW(pthread_rwlock_init(l, &attributes));
  const timespec invalid{0, 2000000000}, negative{-1, 0}, past{0, 0};
  auto all_timed = [&] {
    for (const timespec* t : {&invalid, &negative, &past}) {
      int rc = 0;
      SHOW_ERRNO(rc = pthread_rwlock_timedrdlock(l, t));
      if (rc == 0) SHOW(pthread_rwlock_unlock(l));
      SHOW_ERRNO(rc = pthread_rwlock_timedwrlock(l, t));
      if (rc == 0) SHOW(pthread_rwlock_unlock(l));
      for (clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, 77}) {
        SHOW_ERRNO(rc = pthread_rwlock_clockrdlock(l, clock, t));
        if (rc == 0) SHOW(pthread_rwlock_unlock(l));
        SHOW_ERRNO(rc = pthread_rwlock_clockwrlock(l, clock, t));
        if (rc == 0) SHOW(pthread_rwlock_unlock(l));
      }
    }
    int rc = 0;
    SHOW(rc = pthread_rwlock_tryrdlock(l));
    if (rc == 0) SHOW(pthread_rwlock_unlock(l));
    SHOW(rc = pthread_rwlock_trywrlock(l));
    if (rc == 0) SHOW(pthread_rwlock_unlock(l));
  };
  puts("free");
  all_timed();
  puts("read by me");
  SHOW(pthread_rwlock_rdlock(l));
  all_timed();
  std::thread(all_timed).join();
  SHOW(pthread_rwlock_unlock(l));
  puts("written by me");
  SHOW(pthread_rwlock_wrlock(l));
  SHOW_ERRNO(pthread_rwlock_rdlock(l));
  SHOW_ERRNO(pthread_rwlock_wrlock(l));
  all_timed();
  std::thread(all_timed).join();
  SHOW(pthread_rwlock_unlock(l));
  puts("read with a writer waiting");
  SHOW(pthread_rwlock_rdlock(l));
  std::thread writer([&] {
    pthread_rwlock_wrlock(l);
    pthread_rwlock_unlock(l);
  });
  usleep(10000);
  std::thread(all_timed).join();
  SHOW(pthread_rwlock_unlock(l));
  writer.join();
  SHOW(pthread_rwlock_destroy(l));
}

int main() {
  drive(PTHREAD_RWLOCK_PREFER_READER_NP);
  drive(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
  pthread_spinlock_t spin;
  SHOW(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE));
  SHOW(pthread_spin_lock(&spin));
  SHOW(pthread_spin_trylock(&spin));
  int taken = -1;
  std::thread other([&] { taken = pthread_spin_lock(&spin); });
  usleep(2000);
  SHOW(pthread_spin_unlock(&spin));
  other.join();
  SHOW(taken);
  SHOW(pthread_spin_unlock(&spin));
  SHOW(pthread_spin_destroy(&spin));
}
