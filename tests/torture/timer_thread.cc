// what: SIGEV_THREAD timers: threads born inside libc, with glibc's internal signals
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <atomic>

#include "tests/torture/check.h"

static std::atomic<int> fired{0};
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

int main() {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_notify_function = [](sigval) {
    pthread_mutex_lock(&mutex);
    free(malloc(100));
    usleep(1);
    pthread_mutex_unlock(&mutex);
    ++fired;
  };
  timer_t timer;
  SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
  itimerspec when{};
  when.it_value.tv_nsec = when.it_interval.tv_nsec = 1000000;
  SHOW(timer_settime(timer, 0, &when, nullptr));
  while (fired < 100) {
    free(malloc(30));
    usleep(500);
  }
  SHOW(timer_delete(timer));
  usleep(5000);
  puts("done");
}
