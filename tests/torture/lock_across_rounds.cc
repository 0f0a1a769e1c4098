// what: a lock taken in one round of key destructors and given back in the last one
#include <pthread.h>

#include "tests/torture/check.h"

static pthread_key_t key;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int round_number;

static void destructor(void* value) {
  if (++round_number == 1) SHOW(pthread_mutex_lock(&mutex));
  if (round_number == PTHREAD_DESTRUCTOR_ITERATIONS) SHOW(pthread_mutex_unlock(&mutex));
  pthread_setspecific(key, value);
}

int main() {
  pthread_key_create(&key, destructor);
  pthread_t thread;
  pthread_create(
      &thread, nullptr, [](void*) -> void* { return pthread_setspecific(key, &key), nullptr; },
      nullptr);
  pthread_join(thread, nullptr);
  SHOW(round_number);
  SHOW(pthread_mutex_trylock(&mutex));
}
