// what: A job submits another one to its own single-threaded pool and waits for it (S20).
// expect: pool-exhausted proved count=1 created_by=make_pool blocked_in=render_page
#include <latch>

#include "samples/support/thread_pool.h"

static std::latch rendering(1);

ThreadPool& make_pool() {
  return *new ThreadPool(1);
}

int render_page(ThreadPool& pool) {
  std::future<int> picture = pool.submit([] { return 42; });
  rendering.count_down();
  return picture.get();
}

int main() {
  ThreadPool& pool = make_pool();
  pool.post([&pool] { render_page(pool); });
  rendering.wait();
}
