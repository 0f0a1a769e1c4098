// what: pthread_exit from main; the process ends with its last thread, with status 0
#include <pthread.h>
#include <semaphore.h>

#include <thread>

#include "tests/torture/check.h"

static sem_t unwinds;

struct Unwound {
  ~Unwound() {
    puts("unwound");
    sem_post(&unwinds);
  }
};

int main() {
  sem_init(&unwinds, 0, 0);
  std::thread([] {
    sem_wait(&unwinds);
    usleep(20000);  // the main thread is gone then, or nearly
    puts("last thread");
  }).detach();
  atexit([] { puts("atexit"); });
  Unwound unwound;
  pthread_exit(nullptr);
}
