// what: The same thread is cancelled by its handle and joined.
// expect: clean
#include <pthread.h>

#include <latch>

static std::latch reading(1);
static pthread_t reader;

static void release(void* mutex) {
  pthread_mutex_unlock(static_cast<pthread_mutex_t*>(mutex));
}

static void* read_answer(void*) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push(release, &mutex);
  reading.count_down();
  for (;;) pthread_cond_wait(&answered, &mutex);
  pthread_cleanup_pop(0);
}

int main() {
  pthread_create(&reader, nullptr, read_answer, nullptr);
  reading.wait();
  pthread_cancel(reader);
  pthread_join(reader, nullptr);
}
