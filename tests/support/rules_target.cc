// rules_target.cc: a program that watches itself: it has a malloc of its own that counts, does a
// bit of everything, and prints what a tracker might have changed. The lines must be the same with
// and without libtrack.so.
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

namespace {

// The heap: a bump allocator. Everything of the process, libc's own needs included, comes here.
alignas(16) char heap[8 << 20];
uint64_t used, allocations, frees;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
int errors;

}  // namespace

extern "C" void* malloc(size_t n) {
  __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
  const uint64_t room = (n + 31) & ~uint64_t{15};
  const uint64_t at = __atomic_fetch_add(&used, room, __ATOMIC_RELAXED);
  if (at + room > sizeof heap) return nullptr;
  *reinterpret_cast<uint64_t*>(heap + at) = n;
  return heap + at + 16;
}
extern "C" void free(void* p) {
  if (p != nullptr) __atomic_add_fetch(&frees, 1, __ATOMIC_RELAXED);
}
extern "C" void* calloc(size_t n, size_t size) {
  return malloc(n * size);
}
extern "C" void* realloc(void* p, size_t n) {
  void* fresh = malloc(n);
  if (p != nullptr && fresh != nullptr) {
    const uint64_t old = *reinterpret_cast<uint64_t*>(static_cast<char*>(p) - 16);
    std::memcpy(fresh, p, old < n ? old : n);
    free(p);
  }
  return fresh;
}
extern "C" void* memalign(size_t, size_t n) {
  return malloc(n);
}
extern "C" void* aligned_alloc(size_t, size_t n) {
  return malloc(n);
}
extern "C" int posix_memalign(void** p, size_t, size_t n) {
  *p = malloc(n);
  return *p == nullptr ? ENOMEM : 0;
}

namespace {

// Calls that succeed leave errno as it was.
#define KEEPS_ERRNO(call)                                      \
  do {                                                         \
    errno = 4242;                                              \
    call;                                                      \
    if (errno != 4242) {                                       \
      ++errors;                                                \
      dprintf(1, "errno changed to %d by " #call "\n", errno); \
    }                                                          \
  } while (false)
// Calls that fail leave the error that they promise.
#define GIVES_ERRNO(call, wanted)                                             \
  do {                                                                        \
    errno = 4242;                                                             \
    call;                                                                     \
    if (errno != (wanted)) {                                                  \
      ++errors;                                                               \
      dprintf(1, "errno is %d and not " #wanted " after " #call "\n", errno); \
    }                                                                         \
  } while (false)

void* worker(void*) {
  KEEPS_ERRNO(pthread_mutex_lock(&mutex));
  KEEPS_ERRNO(pthread_cond_signal(&condition));
  KEEPS_ERRNO(pthread_mutex_unlock(&mutex));
  return nullptr;
}

int count_entries(const char* path) {
  int n = 0;
  DIR* directory = opendir(path);
  while (readdir(directory) != nullptr) ++n;
  closedir(directory);
  return n;
}

void print_signals(const char* when) {
  sigset_t mask;
  sigprocmask(SIG_BLOCK, nullptr, &mask);
  int blocked = 0, handled = 0;
  for (int s = 1; s < 65; ++s) {
    blocked += sigismember(&mask, s) == 1;
    struct sigaction action {};
    if (syscall(SYS_rt_sigaction, s, nullptr, &action, 8) == 0 && action.sa_handler != SIG_DFL)
      ++handled;
  }
  dprintf(1, "%s: %d signals blocked, %d handled\n", when, blocked, handled);
}

void print_state(const char* when) {
  print_signals(when);
  dprintf(1, "%s: %d descriptors, %d threads\n", when, count_entries("/proc/self/fd"),
          count_entries("/proc/self/task"));
}
void print_heap(const char* when) {
  // Not their bytes: the loader's table of thread-local storage has a place for each library.
  const uint64_t a = allocations, f = frees;
  dprintf(1, "%s: %lu allocations, %lu frees\n", when, a, f);
}

}  // namespace

int main() {
  print_heap("start");
  print_state("start");
  for (int round = 0; round < 50; ++round) {
    pthread_t thread;
    pthread_mutex_lock(&mutex);
    KEEPS_ERRNO(pthread_create(&thread, nullptr, worker, nullptr));
    KEEPS_ERRNO(pthread_cond_wait(&condition, &mutex));
    KEEPS_ERRNO(pthread_mutex_unlock(&mutex));
    KEEPS_ERRNO(pthread_setname_np(pthread_self(), "w"));
    KEEPS_ERRNO(pthread_join(thread, nullptr));
  }
  print_heap("after threads");
  sem_t semaphore;
  sem_init(&semaphore, 0, 1);
  KEEPS_ERRNO(sem_wait(&semaphore));
  timespec soon{0, 1000}, past{1, 0};
  GIVES_ERRNO(sem_timedwait(&semaphore, &past), ETIMEDOUT);
  KEEPS_ERRNO(nanosleep(&soon, nullptr));
  KEEPS_ERRNO(usleep(10));
  KEEPS_ERRNO(poll(nullptr, 0, 1));
  int ends[2];
  (void)!pipe(ends);
  char text[4] = "abc";
  KEEPS_ERRNO((void)!write(ends[1], text, 3));
  KEEPS_ERRNO((void)!read(ends[0], text, 3));
  GIVES_ERRNO((void)!read(-1, text, 3), EBADF);
  GIVES_ERRNO(waitpid(-1, nullptr, 0), ECHILD);
  pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  KEEPS_ERRNO(pthread_rwlock_rdlock(&lock));
  KEEPS_ERRNO(pthread_rwlock_trywrlock(&lock));
  KEEPS_ERRNO(pthread_rwlock_unlock(&lock));
  KEEPS_ERRNO(pthread_mutex_trylock(&mutex));
  KEEPS_ERRNO(pthread_mutex_trylock(&mutex));
  KEEPS_ERRNO(pthread_mutex_unlock(&mutex));
  KEEPS_ERRNO(free(malloc(100)));
  const pid_t pid = fork();
  if (pid == 0) {
    pthread_t thread;
    pthread_create(
        &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
    pthread_join(thread, nullptr);
    print_heap("child");
    print_state("child");
    _exit(0);
  }
  KEEPS_ERRNO(waitpid(pid, nullptr, 0));
  print_heap("end");
  print_state("end");
  dprintf(1, "%d calls changed errno\n", errors);
  return errors != 0;
}
