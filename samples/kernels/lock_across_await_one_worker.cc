// what: A handler keeps its lock_guard across co_await; the only worker then wants that lock.
// expect: deadlock|lock-across-await created_by=start_worker
// expect: lock-across-await created_by=start_handlers
#include "samples/kernels/kernel.h"

struct Cart {
  explicit Cart(Executor& executor) : executor(executor), price_known(executor, 1) {}
  Executor& executor;
  std::mutex mutex;
  AsyncLatch price_known;
  int items = 0;
};

static std::latch second_handler(1);

co::detached add_item(std::shared_ptr<Cart> cart, bool first) {
  co_await cart->executor.schedule();
  if (!first) second_handler.count_down();
  std::unique_lock lock(cart->mutex);
  if (kFixed) lock.unlock();
  if (first) co_await cart->price_known.wait();
  if (kFixed) lock.lock();
  ++cart->items;
}

void start_handlers(const std::shared_ptr<Cart>& cart) {
  add_item(cart, true);
  add_item(cart, false);
}

Executor& start_worker() {
  return *new Executor(1);
}

int main() {
  Executor& executor = start_worker();
  auto cart = std::make_shared<Cart>(executor);
  start_handlers(cart);
  second_handler.wait();
  if (!kFixed) return 0;
  cart->price_known.count_down();
  executor.await_idle();
  delete &executor;
}
