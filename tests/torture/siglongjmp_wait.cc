// what: siglongjmp out of read, nanosleep and pause, right where they begin
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>

#include <utility>

#include "libtrack/include/track/track.h"
#include "tests/torture/check.h"

static sigjmp_buf place;
static timer_t timer_id;

static void handler(int) {
  siglongjmp(place, 1);
}

static void alarm_in(long ns) {
  itimerspec when{};
  when.it_value.tv_nsec = ns;
  timer_settime(timer_id, 0, &when, nullptr);
}

template <int Site>
[[gnu::noinline]] static void* allocate_at() {
  void* volatile block = malloc(200 + Site % 50);
  return block;
}
template <int... Sites>
static void* allocate_somewhere(int site, std::integer_sequence<int, Sites...>) {
  static void* (*const table[])() = {allocate_at<Sites>...};
  return table[site % sizeof...(Sites)]();
}

int main() {
  signal(SIGUSR1, handler);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer_id) == 0);
  int pipes[2];
  CHECK(pipe(pipes) == 0);
  volatile int jumped = 0;
  timespec begin{}, end{};
  for (volatile int i = 0; i < 6000; i = i + 1) {
    void* volatile block = allocate_somewhere(i, std::make_integer_sequence<int, 300>());
    if (sigsetjmp(place, 1) == 0) {
      alarm_in(1000 + i % 97 * 150);
      char byte;
      const timespec second{1, 0};
      if (i % 3 == 0) SHOW(read(pipes[0], &byte, 1));
      if (i % 3 == 1) SHOW(nanosleep(&second, nullptr));
      if (i % 3 == 2) SHOW(pause());
    } else {
      jumped = jumped + 1;
    }
    free(block);
  }
  SHOW(jumped);
  // Where there is a tracker, it has not lost this thread: it sees the one it creates.
  static volatile bool stop = false;
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
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (int i = 0; i < 3000; ++i)
    free(allocate_somewhere(i, std::make_integer_sequence<int, 300>()));
  clock_gettime(CLOCK_MONOTONIC, &end);
  CHECK(end.tv_sec - begin.tv_sec < 2);
}
