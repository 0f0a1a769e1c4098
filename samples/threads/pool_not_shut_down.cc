// what: A pool is created with new and its destructor never runs; the idle workers stay (S02, S14).
// expect: stuck-task proved count=4 created_by=make_pool blocked_in=ThreadPool::work
#include <latch>

#include "samples/support/thread_pool.h"

static std::latch ran(4);

ThreadPool* make_pool() {
  return new ThreadPool(4);
}

int main() {
  ThreadPool* pool = make_pool();
  for (int i = 0; i < 4; ++i) pool->post([] { ran.arrive_and_wait(); });
  ran.wait();
}
