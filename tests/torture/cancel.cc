// what: cancellation in every blocking call; cleanup handlers find the mutex held and unlock it
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/torture/check.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static int pipes[2];
static int reached, unlocked;

static void cleanup(void* unlock) {
  ++reached;
  if (unlock != nullptr) unlocked += pthread_mutex_unlock(&mutex) == 0;
}

static void* wait_condition(void*) {
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push(cleanup, &mutex);
  for (;;) pthread_cond_wait(&condition, &mutex);
  pthread_cleanup_pop(0);
  return nullptr;
}
static void* wait_condition_timed(void*) {
  timespec limit;
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += 100;
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push(cleanup, &mutex);
  for (;;) pthread_cond_timedwait(&condition, &mutex, &limit);
  pthread_cleanup_pop(0);
  return nullptr;
}
#define WAITS_IN(name, call)                \
  static void* name(void*) {                \
    char byte[8] = "";                      \
    (void)byte;                             \
    pthread_cleanup_push(cleanup, nullptr); \
    if ((call) == 12345) puts("?");         \
    pthread_cleanup_pop(0);                 \
    return nullptr;                         \
  }
static const timespec kLong{100, 0};
static pthread_t sleeper;
WAITS_IN(wait_semaphore, sem_wait(&semaphore))
WAITS_IN(wait_read, read(pipes[0], byte, 1))
WAITS_IN(wait_nanosleep, nanosleep(&kLong, nullptr))
WAITS_IN(wait_usleep, usleep(100000000))
WAITS_IN(wait_sleep, static_cast<int>(sleep(100)))
WAITS_IN(wait_poll, poll(nullptr, 0, -1))
WAITS_IN(wait_select, select(0, nullptr, nullptr, nullptr, nullptr))
WAITS_IN(wait_pause, pause())
WAITS_IN(wait_clock, clock_nanosleep(CLOCK_MONOTONIC, 0, &kLong, nullptr))
WAITS_IN(wait_join, pthread_join(sleeper, nullptr))

int main() {
  sem_init(&semaphore, 0, 0);
  if (pipe(pipes) != 0) return 1;
  pthread_create(&sleeper, nullptr, wait_pause, nullptr);
  void* (*const all[])(void*) = {wait_condition, wait_condition_timed, wait_semaphore, wait_read,
                                 wait_nanosleep, wait_usleep,          wait_sleep,     wait_poll,
                                 wait_select,    wait_pause,           wait_clock,     wait_join};
  for (const auto body : all) {
    pthread_t thread;
    pthread_create(&thread, nullptr, body, nullptr);
    usleep(3000);
    SHOW(pthread_cancel(thread));
    void* result = nullptr;
    SHOW(pthread_join(thread, &result));
    SHOW(result == PTHREAD_CANCELED);
  }
  SHOW(reached);
  SHOW(unlocked);
  SHOW(pthread_mutex_trylock(&mutex));
  pthread_cancel(sleeper);
  SHOW(pthread_join(sleeper, nullptr));
  // A pending cancellation comes before a token that is there.
  sem_post(&semaphore);
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        pthread_cancel(pthread_self());
        sem_wait(&semaphore);
        return nullptr;
      },
      nullptr);
  pthread_join(thread, nullptr);
  int value = -1;
  sem_getvalue(&semaphore, &value);
  SHOW(value);
}
