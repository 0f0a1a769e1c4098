// what: 5 000 short threads, joined and detached: memory does not grow with them
#include <pthread.h>
#include <semaphore.h>

#include "tests/torture/check.h"

static sem_t done;

static long resident_kib() {
  long size = 0, resident = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  if (fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
  fclose(file);
  return resident * 4;
}

static void* body(void*) {
  usleep(1);
  free(malloc(50));
  sem_post(&done);
  return nullptr;
}

static void churn(int n) {
  for (int i = 0; i < n; ++i) {
    pthread_t thread;
    pthread_create(&thread, nullptr, body, nullptr);
    if (i % 2 == 0)
      pthread_join(thread, nullptr);
    else
      pthread_detach(thread);
    sem_wait(&done);
  }
}

int main() {
  sem_init(&done, 0, 0);
  churn(1500);
  const long before = resident_kib();
  churn(3500);
  CHECK(resident_kib() - before < 2048);
}
