// what: thrd_create and the whole of threads.h
#include <threads.h>
#include <time.h>

#include "tests/torture/check.h"

static mtx_t mutex, timed, recursive;
static cnd_t condition;
static int ready;

static int body(void* argument) {
  mtx_lock(&mutex);
  while (ready == 0) cnd_wait(&condition, &mutex);
  mtx_unlock(&mutex);
  SHOW(mtx_trylock(&timed));
  timespec limit;
  timespec_get(&limit, TIME_UTC);
  limit.tv_nsec += 2000000;
  if (limit.tv_nsec >= 1000000000) ++limit.tv_sec, limit.tv_nsec -= 1000000000;
  SHOW(mtx_timedlock(&timed, &limit));
  const timespec invalid{0, 2000000000};
  SHOW(mtx_timedlock(&timed, &invalid));
  return *static_cast<int*>(argument) + 1;
}

int main() {
  SHOW(mtx_init(&mutex, mtx_plain));
  SHOW(mtx_init(&timed, mtx_timed));
  SHOW(mtx_init(&recursive, mtx_plain | mtx_recursive));
  SHOW(cnd_init(&condition));
  SHOW(mtx_lock(&timed));
  int argument = 41, result = 0;
  thrd_t thread;
  SHOW(thrd_create(&thread, body, &argument));
  mtx_lock(&mutex);
  ready = 1;
  cnd_signal(&condition);
  mtx_unlock(&mutex);
  SHOW(thrd_join(thread, &result));
  SHOW(result);
  SHOW(mtx_lock(&recursive));
  SHOW(mtx_lock(&recursive));
  SHOW(mtx_trylock(&recursive));
  for (int i = 0; i < 3; ++i) SHOW(mtx_unlock(&recursive));
  mtx_lock(&mutex);
  const timespec past{0, 0};
  SHOW(cnd_timedwait(&condition, &mutex, &past));
  SHOW(mtx_unlock(&mutex));
  SHOW(thrd_create(
      &thread, [](void*) -> int { thrd_exit(77); }, nullptr));
  SHOW(thrd_join(thread, &result));
  SHOW(result);
  SHOW(thrd_create(
      &thread, [](void*) -> int { return 1; }, nullptr));
  SHOW(thrd_detach(thread));
  const timespec moment{0, 1000000};
  SHOW(thrd_sleep(&moment, nullptr));
  for (int i = 0; i < 200; ++i) {
    if (thrd_create(
            &thread, [](void*) -> int { return 3; }, nullptr) != thrd_success)
      puts("no");
    thrd_join(thread, &result);
  }
  SHOW(result);
}
