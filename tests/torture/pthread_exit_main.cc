// what: pthread_exit from main; the process ends with its last thread, with status 0
#include <pthread.h>

#include <thread>

#include "tests/torture/check.h"

struct Unwound {
  ~Unwound() { puts("unwound"); }
};

int main() {
  std::thread([] {
    usleep(20000);
    puts("last thread");
  }).detach();
  atexit([] { puts("atexit"); });
  Unwound unwound;
  pthread_exit(nullptr);
}
