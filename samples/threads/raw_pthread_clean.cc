// what: Two pthreads: one created detached, one detached later; both are awaited.
// expect: clean
#include <pthread.h>
#include <semaphore.h>

static sem_t computed;

static void* compute(void* input) {
  sem_post(&computed);
  return input;
}

static void compute_all() {
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  pthread_create(&thread, &detached, compute, nullptr);
  pthread_attr_destroy(&detached);
  pthread_create(&thread, nullptr, compute, nullptr);
  pthread_detach(thread);
}

int main() {
  sem_init(&computed, 0, 0);
  compute_all();
  for (int i = 0; i < 2; ++i) sem_wait(&computed);
}
