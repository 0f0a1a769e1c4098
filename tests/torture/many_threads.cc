// what: 400 live threads that wait, allocate and hold locks
#include <pthread.h>

#include <thread>
#include <vector>

#include "tests/torture/check.h"

int main() {
  pthread_mutex_t mutexes[40];
  for (auto& m : mutexes) pthread_mutex_init(&m, nullptr);
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, nullptr, 401);
  long sum = 0;
  pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
  std::vector<std::thread> threads;
  for (int i = 0; i < 400; ++i)
    threads.emplace_back([&, i] {
      if (i < 1)
        for (auto& m : mutexes) pthread_mutex_lock(&m);  // more than any table holds
      pthread_barrier_wait(&barrier);
      if (i < 1)
        for (auto& m : mutexes) pthread_mutex_unlock(&m);
      void* block = malloc(100);
      pthread_mutex_lock(&guard);
      ++sum;
      pthread_mutex_unlock(&guard);
      free(block);
      pthread_barrier_wait(&barrier);
    });
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  for (auto& thread : threads) thread.join();
  SHOW(sum);
  for (auto& m : mutexes) SHOW(pthread_mutex_trylock(&m));
}
