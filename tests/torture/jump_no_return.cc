// what: a handler jumps out of the tracker to a deeper frame; what runs there is seen again
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>

#include "libtrack/include/track/track.h"
#include "tests/torture/check.h"

static sigjmp_buf place;
static volatile sig_atomic_t armed;

static void handler(int) {
  if (armed) siglongjmp(place, 1);
}

static pthread_mutex_t mutexes[64];

static void hooks(int n) {
  for (int i = 0; i < n; ++i) {
    pthread_t self = pthread_self();
    char name[16];
    snprintf(name, sizeof name, "n%d", i % 10);
    pthread_setname_np(self, name);
    free(malloc(40 + i % 1000));
    const timespec none{0, 1};
    nanosleep(&none, nullptr);
  }
}

// The target of the jump lies as deep as what is jumped out of, or deeper.
[[gnu::noinline]] static void deep(int depth, void (*then)()) {
  volatile char space[512];
  space[0] = static_cast<char>(depth);
  if (depth > 0)
    deep(depth - 1, then);
  else
    then();
  space[1] = space[0];
}

static void look() {
  static volatile bool stop;
  stop = false;
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        while (!stop) sched_yield();
        return nullptr;
      },
      nullptr);
  CHECK(track_is_recording() == 0 || track_count(TRACK_THREADS) == 2);
  stop = true;
  pthread_join(thread, nullptr);
}

static void loop() {
  timer_t timer;
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  for (volatile int i = 0; i < 3000; i = i + 1) {
    if (sigsetjmp(place, 1) == 0) {
      itimerspec when{};
      when.it_value.tv_nsec = 2000 + i % 89 * 200;
      armed = 1;
      timer_settime(timer, 0, &when, nullptr);
      hooks(1000);
      armed = 0;
    }
    armed = 0;
  }
  timer_delete(timer);
  look();
}

int main() {
  signal(SIGUSR1, handler);
  deep(20, loop);
  look();
  (void)mutexes;
}
