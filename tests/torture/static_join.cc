// what: a static destructor that joins a thread, and one that leaves a detached thread running
#include <pthread.h>

#include <atomic>
#include <memory>
#include <thread>

#include "tests/torture/check.h"

static std::atomic<bool> stop{false};
struct Worker {
  std::thread thread{[] {
    while (!stop) {
      auto block = std::make_unique<char[]>(100);
      usleep(100);
    }
  }};
  ~Worker() {
    stop = true;
    thread.join();
    puts("joined by a static destructor");
  }
};
static Worker worker;

int main() {
  std::thread([] {
    for (;;) {
      auto block = std::make_unique<char[]>(100);
      static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
      pthread_mutex_lock(&mutex);
      pthread_mutex_unlock(&mutex);
    }
  }).detach();
  puts("main ends");
  return 7;
}
