// what: A job of a pool with one thread submits another one and waits for it.
// expect: pool-exhausted created_by=make_pool
#include "samples/kernels/kernel.h"
#include "samples/support/thread_pool.h"

static std::latch rendering(1);

ThreadPool& make_pool() {
  return *new ThreadPool(kFixed ? 2 : 1);
}

int render(ThreadPool& pool) {
  std::future<int> part = pool.submit([] { return 42; });
  rendering.count_down();
  return part.get();
}

int main() {
  ThreadPool& pool = make_pool();
  pool.post([&pool] { render(pool); });
  rendering.wait();
  if (kFixed) delete &pool;
}
