// what: a thread cancelled inside pthread_once and call_once: the next caller runs the routine
#include <pthread.h>
#include <threads.h>

#include "tests/torture/check.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static once_flag flag = ONCE_FLAG_INIT;
static volatile int runs;

static void slow() {
  runs = runs + 1;
  while (runs == 1 || runs == 3) usleep(1000);
}

int main() {
  for (const bool c11 : {false, true}) {
    pthread_t first, second;
    auto body = [](void* which) -> void* {
      if (which != nullptr)
        call_once(&flag, slow);
      else
        pthread_once(&once, slow);
      return nullptr;
    };
    void* which = c11 ? &flag : nullptr;
    const int before = runs;
    pthread_create(&first, nullptr, body, which);
    while (runs == before) usleep(1000);
    pthread_create(&second, nullptr, body, which);
    usleep(5000);
    pthread_cancel(first);
    void* result = nullptr;
    pthread_join(first, &result);
    SHOW(result == PTHREAD_CANCELED);
    SHOW(pthread_join(second, &result));
    SHOW(runs);
  }
}
