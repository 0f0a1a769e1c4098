// other_preload.cc: a library that is preloaded beside libtrack.so and does what such libraries do:
// takes over pthread_create with a routine of its own around the program's, malloc, open and dlsym
// (which allocates), and is at work before libtrack.so has begun. What went wrong it says on
// stderr.
//   OTHER_AWAITS_JOIN   its routine calls the program's only once somebody joins the thread
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace {

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
std::atomic<long> calls, joins;
thread_local int inside;

void complain(const char* what) {
  (void)!write(2, what, strlen(what));
  (void)!write(2, "\n", 1);
}

// Not through the dlsym below.
template <class Function>
Function next(const char* name) {
  const auto libcs =
      reinterpret_cast<void* (*)(void*, const char*)>(dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5"));
  return reinterpret_cast<Function>(libcs(RTLD_NEXT, name));
}

// As recorders and allocators do in a thread's first moments: all of it through the loader.
void be_at_work() {
  pthread_mutex_lock(&mutex);
  calls.fetch_add(1, std::memory_order_relaxed);
  pthread_mutex_unlock(&mutex);
  void* volatile block = malloc(100);
  free(block);
  sem_t semaphore;
  sem_init(&semaphore, 0, 1);
  sem_wait(&semaphore);
  sem_post(&semaphore);
  usleep(1);
}

struct Start {
  void* (*routine)(void*);
  void* argument;
  long joins_before;
};

void* around(void* place) {
  const Start start = *static_cast<Start*>(place);
  free(place);
  be_at_work();
  while (getenv("OTHER_AWAITS_JOIN") != nullptr && joins == start.joins_before) sched_yield();
  void* result = start.routine(start.argument);
  be_at_work();
  return result;
}

void* early(void*) {
  be_at_work();
  return nullptr;
}

pthread_t lasting;
int ends[2];

void* last(void*) {
  char byte;
  while (read(ends[0], &byte, 1) < 0 && errno == EINTR) {
  }
  return nullptr;
}

__attribute__((constructor)) void before_others() {
  be_at_work();
  pthread_t thread;
  if (pthread_create(&thread, nullptr, early, nullptr) != 0) complain("WRONG: no early thread");
  joins.fetch_add(1);  // of this one nobody waits for the join
  pthread_join(thread, nullptr);
  if (getenv("OTHER_KEEPS_THREAD") == nullptr) return;
  if (pipe(ends) != 0 || pthread_create(&lasting, nullptr, last, nullptr) != 0)
    complain("WRONG: no lasting thread");
}

__attribute__((destructor)) void after_others() {
  if (getenv("OTHER_KEEPS_THREAD") != nullptr) {
    (void)!write(ends[1], "", 1);
    pthread_join(lasting, nullptr);
  }
  be_at_work();
}

}  // namespace

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*routine)(void*), void* argument) noexcept {
  static const auto real = next<decltype(&pthread_create)>("pthread_create");
  auto* start = static_cast<Start*>(malloc(sizeof(Start)));
  *start = {routine, argument, joins};
  const int rc = real(thread, attributes, around, start);
  if (rc != 0) free(start);
  return rc;
}

extern "C" int pthread_join(pthread_t thread, void** result) {
  static const auto real = next<decltype(&pthread_join)>("pthread_join");
  joins.fetch_add(1);
  return real(thread, result);
}

extern "C" void* malloc(size_t n) {
  static const auto real = next<decltype(&malloc)>("malloc");
  calls.fetch_add(1, std::memory_order_relaxed);
  return real(n);
}
extern "C" void free(void* p) {
  static const auto real = next<decltype(&free)>("free");
  real(p);
}

// The tracker opens its files by system calls of its own: nobody's hook hears of them.
extern "C" int open(const char* path, int flags, ...) {
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  va_list rest;
  va_start(rest, flags);
  const unsigned mode = va_arg(rest, unsigned);
  va_end(rest);
  if (strstr(path, "/rec.") != nullptr) complain("WRONG: open() was asked for a recording");
  void* volatile block = malloc(64);
  const int fd = real(path, flags, mode);
  free(block);
  return fd;
}

// Allocates, as that of old loaders did, and once more from within.
extern "C" void* dlsym(void* handle, const char* name) {
  static const auto real =
      reinterpret_cast<void* (*)(void*, const char*)>(dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5"));
  void* volatile block = ++inside < 8 ? calloc(3, 40) : nullptr;
  free(block);
  --inside;
  return real(handle, name);
}
