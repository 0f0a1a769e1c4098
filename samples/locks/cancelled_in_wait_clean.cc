// what: The cancelled worker's cleanup handler gives the mutex back.
// expect: clean
#include <pthread.h>

#include <latch>
#include <thread>

static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static std::latch waiting(1), fed(1);
static int jobs = 0;

static void unlock(void* mutex) {
  pthread_mutex_unlock(static_cast<pthread_mutex_t*>(mutex));
}

static void* work(void*) {
  pthread_mutex_lock(&queue);
  pthread_cleanup_push(unlock, &queue);
  waiting.count_down();
  while (jobs == 0) pthread_cond_wait(&filled, &queue);
  jobs -= 1;
  pthread_cleanup_pop(1);
  return nullptr;
}

void feed() {
  pthread_mutex_lock(&queue);
  jobs += 1;
  pthread_mutex_unlock(&queue);
  fed.count_down();
}

static void start_feeder() {
  std::thread(feed).detach();
}

int main() {
  pthread_t worker;
  pthread_create(&worker, nullptr, work, nullptr);
  waiting.wait();
  pthread_cancel(worker);
  pthread_join(worker, nullptr);
  start_feeder();
  fed.wait();
}
