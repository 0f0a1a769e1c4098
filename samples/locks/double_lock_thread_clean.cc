// what: An error-checking mutex says EDEADLK instead of hanging, and the thread goes on.
// expect: clean
#include <errno.h>
#include <pthread.h>

static pthread_mutex_t index_mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static int second_lock = 0;

static void* rebuild_index(void*) {
  pthread_mutex_lock(&index_mutex);
  second_lock = pthread_mutex_lock(&index_mutex);
  pthread_mutex_unlock(&index_mutex);
  return nullptr;
}

int main() {
  pthread_t thread;
  pthread_create(&thread, nullptr, rebuild_index, nullptr);
  pthread_join(thread, nullptr);
  return second_lock == EDEADLK ? 0 : 1;
}
