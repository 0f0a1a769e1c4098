// what: A fiber waits for a message; the scheduler forgets it together with the channel.
// expect: stuck-task created_by=prepare
#include <ucontext.h>

#include "samples/kernels/kernel.h"

struct Fiber {
  ucontext_t context, back;
  void* stack = nullptr;
};

static Fiber* running = nullptr;

static void receive() {
  Fiber& self = *running;
  swapcontext(&self.context, &self.back);
}

[[gnu::noinline]] static Fiber* prepare() {
  constexpr size_t kStackBytes = 64 << 10;
  auto* fiber = new Fiber;
  fiber->stack = std::malloc(kStackBytes);
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = kStackBytes;
  fiber->context.uc_link = &fiber->back;
  makecontext(&fiber->context, receive, 0);
  asm volatile("" ::: "memory");
  return fiber;
}

static void serve() {
  running = prepare();
  swapcontext(&running->back, &running->context);
  Fiber* waiting = std::exchange(running, nullptr);
  if (!kFixed) return;
  swapcontext(&waiting->back, &waiting->context);
  std::free(waiting->stack);
  delete waiting;
}

int main() {
  std::thread(serve).join();
}
