// what: A lock used like a semaphore: taken by one thread, which ends, and unlocked by another.
// expect: clean
#include <pthread.h>

#include <thread>

static pthread_mutex_t buffer = PTHREAD_MUTEX_INITIALIZER;
static int bytes = 0;

void fill() {
  pthread_mutex_lock(&buffer);
  bytes = 42;
}

void drain() {
  bytes = 0;
  pthread_mutex_unlock(&buffer);
}

void hand_over() {
  std::thread filler(fill);
  filler.join();
  std::thread drainer(drain);
  drainer.join();
}

int main() {
  hand_over();
  hand_over();
}
