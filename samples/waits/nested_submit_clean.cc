// what: A job submits another one to its own pool and leaves the waiting to main.
// expect: clean
#include "samples/support/thread_pool.h"

std::future<int> render_page(ThreadPool& pool) {
  return pool.submit([] { return 42; });
}

int main() {
  ThreadPool pool(1);
  std::future<int> picture = pool.submit([&pool] { return render_page(pool); }).get();
  return picture.get() == 42 ? 0 : 1;
}
