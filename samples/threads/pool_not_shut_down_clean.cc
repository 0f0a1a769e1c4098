// what: A static pool: idle at the end of main, joined by its destructor.
// expect: clean
#include <latch>

#include "samples/support/thread_pool.h"

static std::latch ran(4);

ThreadPool& pool() {
  static ThreadPool shared(4);
  return shared;
}

int main() {
  for (int i = 0; i < 4; ++i) pool().post([] { ran.arrive_and_wait(); });
  ran.wait();
}
