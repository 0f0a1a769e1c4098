// what: 60 000 frames, then malloc, a lock, a wait and pthread_create; a handled stack overflow
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include <thread>
#include <vector>

#include "tests/torture/check.h"

static sigjmp_buf place;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

[[gnu::noinline]] static long deep(long depth) {
  volatile char room[8] = {};
  if (depth == 0) {
    long sum = 0;
    for (int i = 0; i < 20; ++i) {
      pthread_mutex_lock(&mutex);
      free(malloc(100));
      pthread_mutex_unlock(&mutex);
      const timespec moment{0, 1000};
      nanosleep(&moment, nullptr);
      std::thread([&] { ++sum; }).join();
    }
    return sum;
  }
  return deep(depth - 1) + room[0];
}

[[gnu::noinline]] static long overflow(long depth) {
  volatile char room[2000];
  room[depth % 2000] = 1;
  void* volatile block = nullptr;
  if (write(1, "", 0) != 0) return 0;
  (void)block;
  return overflow(depth + 1) + room[0];
}

int main() {
  SHOW(deep(60000));
  std::vector<char> memory(65536);
  stack_t stack{};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = [](int) { siglongjmp(place, 1); };
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGSEGV, &action, nullptr);
  for (volatile int i = 0; i < 3; i = i + 1) {
    if (sigsetjmp(place, 1) == 0)
      SHOW(overflow(0));
    else
      puts("overflow handled");
    free(malloc(100));
    usleep(10);
  }
}
