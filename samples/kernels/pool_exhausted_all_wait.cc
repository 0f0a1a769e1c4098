// what: Every thread of a pool waits for what a job behind them in the queue would deliver.
// expect: pool-exhausted created_by=start_pool
#include "samples/kernels/kernel.h"
#include "samples/support/thread_pool.h"

static std::latch waiting(2);

std::unique_ptr<ThreadPool> start_pool() {
  return std::make_unique<ThreadPool>(2);
}

void await_settings(const std::shared_future<int>& settings) {
  waiting.count_down();
  settings.wait();
}

int main() {
  ThreadPool* pool = start_pool().release();
  auto loaded = std::make_shared<std::promise<int>>();
  std::shared_future<int> settings = loaded->get_future().share();
  if (kFixed) pool->post([loaded] { loaded->set_value(1); });
  for (int i = 0; i < 2; ++i) pool->post([settings] { await_settings(settings); });
  if (!kFixed) pool->post([loaded] { loaded->set_value(1); });
  loaded.reset();
  settings = {};
  waiting.wait();
  if (kFixed) delete pool;
}
