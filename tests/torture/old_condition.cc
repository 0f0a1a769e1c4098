// what: pthread_cond_*@GLIBC_2.2.5, what binaries linked against an old glibc call
#include <pthread.h>
#include <time.h>

#include <thread>

#include "tests/torture/check.h"

__asm__(".symver pthread_cond_init, pthread_cond_init@GLIBC_2.2.5");
__asm__(".symver pthread_cond_wait, pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver pthread_cond_timedwait, pthread_cond_timedwait@GLIBC_2.2.5");
__asm__(".symver pthread_cond_signal, pthread_cond_signal@GLIBC_2.2.5");
__asm__(".symver pthread_cond_destroy, pthread_cond_destroy@GLIBC_2.2.5");

int main() {
  // Then a condition was one pointer to the real one.
  struct {
    pthread_cond_t* real;
    char untouched[sizeof(pthread_cond_t)];
  } old{};
  memset(old.untouched, 0x5a, sizeof old.untouched);
  auto* condition = reinterpret_cast<pthread_cond_t*>(&old);
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  SHOW(pthread_cond_init(condition, nullptr));
  const timespec past{1, 0};
  pthread_mutex_lock(&mutex);
  SHOW(pthread_cond_timedwait(condition, &mutex, &past));
  bool ready = false;
  std::thread other([&] {
    pthread_mutex_lock(&mutex);
    ready = true;
    pthread_cond_signal(condition);
    pthread_mutex_unlock(&mutex);
  });
  while (!ready) SHOW(pthread_cond_wait(condition, &mutex));
  pthread_mutex_unlock(&mutex);
  other.join();
  bool touched = false;
  for (char c : old.untouched) touched |= c != 0x5a;
  SHOW(touched);
}
