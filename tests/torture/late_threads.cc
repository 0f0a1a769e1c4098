// what: threads made by static destructors, by atexit handlers that register more, and detached
// ones at the end
#include <pthread.h>

#include "tests/torture/check.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void in_a_thread(const char* text) {
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void* text) -> void* {
        pthread_mutex_lock(&mutex);
        puts(static_cast<char*>(text));
        pthread_mutex_unlock(&mutex);
        return malloc(100);
      },
      const_cast<char*>(text));
  void* block;
  SHOW(pthread_join(thread, &block));
  free(block);
}

struct Late {
  ~Late() { in_a_thread("static destructor"); }
} late;

static int chain;
static void again() {
  in_a_thread("atexit");
  if (++chain < 5) atexit(again);
}

int main() {
  thread_local Late of_main;
  (void)&of_main;
  atexit(again);
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        for (;;) sched_yield();
      },
      nullptr);
  pthread_detach(thread);
}

__attribute__((destructor)) static void last() {
  in_a_thread("destructor function");
}
