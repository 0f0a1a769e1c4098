// what: locks destroyed while listed as held, reused memory, more locks than any table holds
#include <pthread.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

int main() {
  for (int i = 0; i < 2000; ++i) {
    auto m = std::make_unique<pthread_mutex_t>();
    pthread_mutex_init(m.get(), nullptr);
    pthread_mutex_lock(m.get());
    if (i % 2 == 0) pthread_mutex_unlock(m.get());
    if (i % 2 != 0) CHECK(i > 3 || pthread_mutex_destroy(m.get()) == EBUSY);
  }
  std::vector<pthread_mutex_t> many(500);
  for (auto& m : many) pthread_mutex_init(&m, nullptr);
  for (auto& m : many) pthread_mutex_lock(&m);
  std::thread([&] {
    for (size_t i = 0; i < many.size(); i += 2) pthread_mutex_unlock(&many[i]);
  }).join();
  for (size_t i = 1; i < many.size(); i += 2) pthread_mutex_unlock(&many[i]);
  int good = 0;
  for (auto& m : many) good += pthread_mutex_trylock(&m) == 0;
  SHOW(good);
}
