// A round-robin scheduler of ucontext fibers, as small as they come.
#pragma once

#include <ucontext.h>

#include <cstdlib>
#include <memory>
#include <vector>

struct SampleFiber {
  ucontext_t context;
  void* stack = nullptr;
  void (*work)() = nullptr;
  bool done = false;
};

inline ucontext_t scheduler;
inline std::vector<std::unique_ptr<SampleFiber>> fibers;
inline SampleFiber* running = nullptr;

inline void run_fiber() {
  running->work();
  running->done = true;  // uc_link goes back to the scheduler
}

[[gnu::noinline]] inline void start_fiber(void (*work)()) {
  constexpr size_t kStackBytes = 64 << 10;
  SampleFiber& fiber = *fibers.emplace_back(std::make_unique<SampleFiber>());
  fiber.work = work;
  fiber.stack = std::malloc(kStackBytes);
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack;
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = &scheduler;
  makecontext(&fiber.context, run_fiber, 0);
  asm volatile("" ::: "memory");
}

[[gnu::noinline]] inline void resume_fiber(size_t number) {
  running = fibers[number].get();
  swapcontext(&scheduler, &running->context);
}

[[gnu::noinline]] inline void await_reply() {
  swapcontext(&running->context, &scheduler);
  asm volatile("" ::: "memory");
}

inline bool resume_all() {
  bool any = false;
  for (size_t i = 0; i < fibers.size(); ++i) {
    if (fibers[i]->done) continue;
    resume_fiber(i);
    any = true;
  }
  return any;
}

inline void free_fibers() {
  for (auto& fiber : fibers) std::free(fiber->stack);
  fibers.clear();
}
