// what: A C11 thread locks a recursive mtx_t twice and unlocks it twice.
// expect: clean
#include <threads.h>

static mtx_t mutex;

static int count(void* total) {
  mtx_lock(&mutex);
  mtx_lock(&mutex);
  *static_cast<int*>(total) += 1;
  mtx_unlock(&mutex);
  mtx_unlock(&mutex);
  return 0;
}

int main() {
  int total = 0;
  thrd_t thread;
  mtx_init(&mutex, mtx_plain | mtx_recursive);
  if (thrd_create(&thread, count, &total) != thrd_success) return 1;
  thrd_join(thread, nullptr);
  mtx_destroy(&mutex);
  return total == 1 ? 0 : 1;
}
