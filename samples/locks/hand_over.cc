// what: A lock is handed over to a thread that forgets to unlock it; its taker ends (S08, S09).
// expect: lock-held-at-exit proved count=1 created_by=hand_over
#include <pthread.h>

#include <latch>
#include <thread>

static pthread_mutex_t buffer = PTHREAD_MUTEX_INITIALIZER;
static std::latch filled(1);
static int bytes = 0;

void fill() {
  pthread_mutex_lock(&buffer);
  bytes = 42;
  filled.count_down();
}

void drain() {
  filled.wait();
  bytes = 0;
}

void hand_over() {
  std::jthread filler(fill);
  std::jthread drainer(drain);
}

int main() {
  hand_over();
}
