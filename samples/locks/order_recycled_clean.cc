// what: Of two locks one is destroyed and made anew at the same address: it is another one.
// expect: clean
#include <pthread.h>

#include <latch>
#include <thread>

static pthread_mutex_t fixed = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t passing;
static std::latch first_over(1), second_over(1);

void take_both(pthread_mutex_t& one, pthread_mutex_t& other) {
  pthread_mutex_lock(&one);
  pthread_mutex_lock(&other);
  pthread_mutex_unlock(&other);
  pthread_mutex_unlock(&one);
}

void before() {
  pthread_mutex_init(&passing, nullptr);
  take_both(fixed, passing);
  pthread_mutex_destroy(&passing);
  first_over.count_down();
  second_over.wait();
}

void after() {
  first_over.wait();
  pthread_mutex_init(&passing, nullptr);
  take_both(passing, fixed);
  pthread_mutex_destroy(&passing);
  second_over.count_down();
}

int main() {
  std::jthread one(before), other(after);
}
