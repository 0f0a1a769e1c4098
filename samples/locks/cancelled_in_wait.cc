// what: A worker is cancelled while it waits for a condition, and ends with the mutex that it took
// what: again; another thread waits for that mutex for ever.
// expect: stuck-task likely count=1 created_by=start_feeder blocked_in=feed
#include <pthread.h>

#include <latch>
#include <thread>

static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static std::latch waiting(1), feeding(1);
static int jobs = 0;

static void* work(void*) {
  pthread_mutex_lock(&queue);
  waiting.count_down();
  while (jobs == 0) pthread_cond_wait(&filled, &queue);
  jobs -= 1;
  pthread_mutex_unlock(&queue);
  return nullptr;
}

void feed() {
  feeding.count_down();
  pthread_mutex_lock(&queue);
  jobs += 1;
  pthread_mutex_unlock(&queue);
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
  feeding.wait();
}
