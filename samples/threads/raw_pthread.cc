// what: Two pthreads end with a result that nobody collects: neither joined nor detached (S14).
// expect: unjoined-thread proved count=2 created_by=compute_all
#include <pthread.h>
#include <semaphore.h>

static sem_t computed;

static void* compute(void* input) {
  sem_post(&computed);
  return input;
}

static void compute_all() {
  for (int i = 0; i < 2; ++i) {
    pthread_t thread;
    pthread_create(&thread, nullptr, compute, nullptr);
  }
}

int main() {
  sem_init(&computed, 0, 0);
  compute_all();
  for (int i = 0; i < 2; ++i) sem_wait(&computed);
}
