// what: A C11 thread locks a plain mtx_t twice (S11).
// expect: deadlock proved count=1 created_by=start_counter blocked_in=count
#include <threads.h>

#include <latch>

static mtx_t mutex;
static std::latch counting(1);

static int count(void* total) {
  mtx_lock(&mutex);
  counting.count_down();
  mtx_lock(&mutex);
  *static_cast<int*>(total) += 1;
  mtx_unlock(&mutex);
  mtx_unlock(&mutex);
  return 0;
}

static void start_counter() {
  static int total = 0;
  thrd_t thread;
  if (thrd_create(&thread, count, &total) == thrd_success) thrd_detach(thread);
}

int main() {
  mtx_init(&mutex, mtx_plain);
  start_counter();
  counting.wait();
}
