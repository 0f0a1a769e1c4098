// what: names of libc in each of their versions, bound at link time, asked for by dlsym and dlvsym
// flags: -ldl
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "tests/torture/check.h"

// As binaries from before glibc 2.34 call them.
__asm__(".symver pthread_create, pthread_create@GLIBC_2.2.5");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.2.5");
__asm__(".symver pthread_mutex_trylock, pthread_mutex_trylock@GLIBC_2.2.5");
__asm__(".symver pthread_once, pthread_once@GLIBC_2.2.5");
__asm__(".symver pthread_rwlock_rdlock, pthread_rwlock_rdlock@GLIBC_2.2.5");
__asm__(".symver pthread_rwlock_unlock, pthread_rwlock_unlock@GLIBC_2.2.5");
__asm__(".symver sem_wait, sem_wait@GLIBC_2.2.5");
__asm__(".symver clock_nanosleep, clock_nanosleep@GLIBC_2.2.5");
__asm__(".symver dlopen, dlopen@GLIBC_2.2.5");

using Wait = int (*)(pthread_cond_t*, pthread_mutex_t*, const timespec*);

// Which of the two conditions is it? The old one keeps a pointer in the first word alone.
static const char* kind_of(void* function) {
  if (function == nullptr) return "missing";
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  char bytes[sizeof(pthread_cond_t)] = {};
  const timespec past{1, 0};
  pthread_mutex_lock(&mutex);
  const int rc =
      reinterpret_cast<Wait>(function)(reinterpret_cast<pthread_cond_t*>(bytes), &mutex, &past);
  pthread_mutex_unlock(&mutex);
  if (rc != ETIMEDOUT) return "broken";
  void* first;
  memcpy(&first, bytes, sizeof first);
  bool later = false;
  for (size_t i = sizeof first; i < sizeof bytes; ++i) later |= bytes[i] != 0;
  return first != nullptr && !later ? "old" : "new";
}

int main() {
  const char* name = "pthread_cond_timedwait";
  void* libc = dlopen("libc.so.6", RTLD_NOW);
  for (void* handle : {static_cast<void*>(RTLD_DEFAULT), libc, dlopen(nullptr, RTLD_NOW)}) {
    printf("dlsym %s\n", kind_of(dlsym(handle, name)));
    for (const char* version : {"GLIBC_2.2.5", "GLIBC_2.3.2", "GLIBC_2.34"})
      printf("dlvsym %s %s\n", version, kind_of(dlvsym(handle, name, version)));
  }
  SHOW(dlvsym(RTLD_DEFAULT, "quick_exit", "GLIBC_2.10") != nullptr);
  SHOW(dlvsym(RTLD_DEFAULT, "quick_exit", "GLIBC_2.24") == dlsym(RTLD_DEFAULT, "quick_exit"));
  SHOW(dlvsym(RTLD_DEFAULT, "quick_exit", "GLIBC_2.10") == dlsym(RTLD_DEFAULT, "quick_exit"));
  SHOW(dlvsym(RTLD_DEFAULT, "pthread_mutex_lock", "GLIBC_2.2.5") != nullptr);

  static sem_t semaphore;
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  sem_init(&semaphore, 0, 0);
  pthread_t thread;
  SHOW(pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        SHOW(sem_wait(&semaphore));
        SHOW(pthread_once(&once, [] { puts("once"); }));
        SHOW(pthread_rwlock_rdlock(&lock));
        SHOW(pthread_rwlock_unlock(&lock));
        SHOW(pthread_mutex_trylock(&mutex));
        return &mutex;
      },
      nullptr));
  const timespec moment{0, 1000};
  SHOW(clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, nullptr));
  sem_post(&semaphore);
  void* result = nullptr;
  SHOW(pthread_join(thread, &result));
  SHOW(result == &mutex);
}
