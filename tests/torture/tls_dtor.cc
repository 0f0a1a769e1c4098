// what: malloc, locks and waits in thread_local destructors and all rounds of key destructors
#include <pthread.h>

#include <mutex>
#include <string>
#include <thread>

#include "tests/torture/check.h"

static std::mutex mutex;
static pthread_key_t keys[3];
static int rounds[3];

struct Local {
  std::string text = std::string(100, 'x');
  ~Local() {
    const std::lock_guard<std::mutex> guard(mutex);
    std::string more = text + text;
    usleep(10);
    printf("thread_local destructor %zu\n", more.size());
  }
};

template <int N>
static void destructor(void* value) {
  const std::lock_guard<std::mutex> guard(mutex);
  free(value);
  usleep(10);
  printf("key %d round %d\n", N, ++rounds[N]);
  if (rounds[N] < PTHREAD_DESTRUCTOR_ITERATIONS) pthread_setspecific(keys[N], malloc(100));
}

int main() {
  CHECK(pthread_key_create(&keys[0], destructor<0>) == 0);
  CHECK(pthread_key_create(&keys[1], destructor<1>) == 0);
  CHECK(pthread_key_create(&keys[2], destructor<2>) == 0);
  std::thread([] {
    thread_local Local local;
    for (pthread_key_t key : keys) pthread_setspecific(key, malloc(100));
    CHECK(local.text.size() == 100);
  }).join();
}
