// what: ends: destructors that lock and make threads, atexit that makes threads or calls _exit
#include <pthread.h>
#include <sys/wait.h>

#include <mutex>
#include <thread>

#include "tests/torture/check.h"

static std::mutex& lock() {
  static auto* m = new std::mutex;
  return *m;
}
struct Last {
  const char* name;
  ~Last() {
    std::lock_guard held(lock());
    free(malloc(100));
    std::thread([] { free(malloc(30)); }).join();
    printf("last of %s\n", name);
    fflush(stdout);
  }
};
static thread_local Last last{nullptr};
static pthread_key_t key;
static int rounds;

static void at_end() {
  std::thread([] { last.name = "thread of atexit"; }).join();
  puts("atexit");
  fflush(stdout);
}

static void variant(int n) {
  last.name = "main";
  pthread_key_create(&key, [](void* v) {
    std::lock_guard held(lock());
    if (++rounds < 10) {
      pthread_setspecific(key, v);
    }
    std::thread([] {}).detach();
  });
  std::thread([] {
    last.name = "t";
    pthread_setspecific(key, &key);
  }).join();
  SHOW(rounds);
  atexit(at_end);
  at_quick_exit([] {
    std::thread([] {}).join();
    puts("quick");
    fflush(stdout);
  });
  fflush(stdout);
  switch (n) {
    case 0:
      exit(1);
    case 1:
      quick_exit(2);
    case 2:
      std::thread([] {
        last.name = "exiting";
        exit(3);
      }).join();
      break;
    case 3:
      exit(10);
    case 4:
      _exit(4);
    case 5:
      atexit([] { _exit(9); });
      exit(5);
    case 6:
      std::thread([] { pthread_exit(nullptr); }).join();
      {
        pthread_t t;
        pthread_create(
            &t, nullptr,
            [](void*) -> void* {
              last.name = "x";
              quick_exit(7);
            },
            nullptr);
        pthread_join(t, nullptr);
      }
      break;
  }
}

int main() {
  for (int n = 0; n < 7; ++n) {
    printf("variant %d\n", n);
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
      variant(n);
      return 8;
    }
    int status = 0;
    waitpid(pid, &status, 0);
    SHOW(status);
  }
  variant(0);
}
