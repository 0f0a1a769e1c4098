// what: threads of PTHREAD_STACK_MIN that allocate, lock, wait and throw
#include <limits.h>
#include <pthread.h>
#include <time.h>

#include <memory>

#include "tests/torture/check.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void* body(void* argument) {
  pthread_mutex_lock(&mutex);
  auto block = std::make_unique<char[]>(100);
  const timespec moment{0, 1000};
  nanosleep(&moment, nullptr);
  pthread_mutex_unlock(&mutex);
  struct alignas(64) Wide {
    char bytes[64];
  };
  delete new Wide;
  try {
    throw 5;
  } catch (int n) {
    *static_cast<int*>(argument) += n;
  }
  return nullptr;
}

int main() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  CHECK(pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN) == 0);
  int sums[20] = {}, sum = 0;
  for (int round = 0; round < 5; ++round) {
    pthread_t threads[20];
    for (int i = 0; i < 20; ++i)
      if (pthread_create(&threads[i], &attributes, body, &sums[i]) != 0) puts("not created");
    for (pthread_t thread : threads) pthread_join(thread, nullptr);
  }
  for (int n : sums) sum += n;
  SHOW(sum);
}
