// what: Only the waiter knows its condition, but a handle is enough to cancel it.
// expect: stuck-task likely count=1 created_by=start_reader
#include <pthread.h>

#include <latch>

static std::latch reading(1);
static pthread_t reader;

static void* read_answer(void*) {
  pthread_mutex_t* mutex = new pthread_mutex_t(PTHREAD_MUTEX_INITIALIZER);
  pthread_cond_t* answered = new pthread_cond_t(PTHREAD_COND_INITIALIZER);
  pthread_mutex_lock(mutex);
  reading.count_down();
  for (;;) pthread_cond_wait(answered, mutex);
}

[[gnu::noinline]] static void start_reader() {
  pthread_create(&reader, nullptr, read_answer, nullptr);
  asm volatile("" ::: "memory");
}

int main(int argc, char**) {
  start_reader();
  reading.wait();
  if (argc > 1) pthread_cancel(reader);
}
