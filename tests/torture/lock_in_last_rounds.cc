// what: locks handed back in each round of key destructors; nobody holds one afterwards
#include <pthread.h>

#include "libtrack/include/track/track.h"
#include "tests/torture/check.h"

static pthread_key_t keys[3];
static pthread_mutex_t locks[PTHREAD_DESTRUCTOR_ITERATIONS];
static thread_local int rounds[3];

template <int Key>
static void destructor(void* value) {
  const int round = rounds[Key]++;
  if (Key == 2) {
    pthread_mutex_unlock(&locks[round]);
    pthread_mutex_lock(&locks[round]);
    pthread_mutex_unlock(&locks[round]);
  }
  if (rounds[Key] < PTHREAD_DESTRUCTOR_ITERATIONS) pthread_setspecific(keys[Key], value);
}

int main() {
  pthread_key_create(&keys[0], destructor<0>);
  pthread_key_create(&keys[1], destructor<1>);
  pthread_key_create(&keys[2], destructor<2>);
  for (auto& lock : locks) pthread_mutex_init(&lock, nullptr);
  for (int i = 0; i < 300; ++i) {
    pthread_t thread;
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
          for (auto& lock : locks) pthread_mutex_lock(&lock);
          for (auto key : keys) pthread_setspecific(key, &rounds);
          return nullptr;
        },
        nullptr);
    pthread_join(thread, nullptr);
    for (auto& lock : locks)
      if (pthread_mutex_trylock(&lock) != 0 || pthread_mutex_unlock(&lock) != 0) puts("WRONG");
  }
  for (auto& lock : locks) SHOW(pthread_mutex_destroy(&lock));
}
