// what: The pool's own bounded queue is full, and its only thread submits one job more.
// expect: pool-exhausted|stuck-task created_by=start_pool
#include "samples/kernels/kernel.h"

static std::latch submitting(1);

struct Pool {
  Queue<std::function<void()>> jobs{2};
};

void work(std::shared_ptr<Pool> pool) {
  while (auto job = pool->jobs.pop()) (*job)();
}

void start_pool(Threads& threads, const std::shared_ptr<Pool>& pool) {
  threads.start(work, pool);
}

int main() {
  auto pool = std::make_shared<Pool>();
  Threads threads;
  pool->jobs.push([pool = pool.get()] {
    for (int i = 0; i < (kFixed ? 1 : 3); ++i) {
      if (i == 0) submitting.count_down();
      pool->jobs.push([] {});
    }
    if (kFixed) pool->jobs.close();
  });
  start_pool(threads, pool);
  submitting.wait();
}
