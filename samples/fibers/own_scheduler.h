// A round-robin scheduler with a switch of its own, as people write them, told to the tracker by
// <track/fiber.h>.
#pragma once

#include <track/fiber.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

// Saves what a call must preserve on the stack that is left, takes it from the other one.
extern "C" void sample_switch(void** from, void* to);
asm(".text\n"
    ".type sample_switch, @function\n"
    "sample_switch:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp, (%rdi)\n"
    "mov %rsi, %rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\n"
    "ret\n"
    ".size sample_switch, . - sample_switch\n");

struct SampleFiber {
  void* sp = nullptr;
  void* stack = nullptr;
  track_fiber told = TRACK_NO_FIBER;
  void (*work)() = nullptr;
  bool done = false;
};

inline void* scheduler_sp = nullptr;
inline std::vector<std::unique_ptr<SampleFiber>> fibers;
inline SampleFiber* running = nullptr;

inline void back_to_scheduler() {
  track_fiber_switch(TRACK_NO_FIBER);
  sample_switch(&running->sp, scheduler_sp);
}

inline void run_fiber() {
  running->work();
  running->done = true;
  back_to_scheduler();
  std::abort();  // nobody resumes it
}

// What sample_switch will find on a stack that nothing has run on: the way into `begin`, which must
// not return.
inline void* prepare_stack(void* stack, std::size_t bytes, void (*begin)()) {
  const auto end = reinterpret_cast<std::uintptr_t>(stack) + bytes;
  auto* words = reinterpret_cast<void**>(end & ~std::uintptr_t{15});
  *--words = nullptr;  // where it would return to
  *--words = reinterpret_cast<void*>(begin);
  for (int i = 0; i < 6; ++i) *--words = nullptr;
  return words;
}

[[gnu::noinline]] inline void start_fiber(void (*work)()) {
  constexpr std::size_t kStackBytes = 64 << 10;
  SampleFiber& fiber = *fibers.emplace_back(std::make_unique<SampleFiber>());
  fiber.work = work;
  fiber.stack = std::malloc(kStackBytes);
  fiber.sp = prepare_stack(fiber.stack, kStackBytes, run_fiber);
  fiber.told = track_fiber_create(fiber.stack, kStackBytes, reinterpret_cast<void*>(run_fiber));
  asm volatile("" ::: "memory");
}

[[gnu::noinline]] inline void resume_fiber(std::size_t number) {
  running = fibers[number].get();
  track_fiber_switch(running->told);
  sample_switch(&scheduler_sp, running->sp);
  asm volatile("" ::: "memory");
}

[[gnu::noinline]] inline void await_reply() {
  back_to_scheduler();
  asm volatile("" ::: "memory");
}

inline bool resume_all() {
  bool any = false;
  for (std::size_t i = 0; i < fibers.size(); ++i) {
    if (fibers[i]->done) continue;
    resume_fiber(i);
    any = true;
  }
  return any;
}

inline void free_fibers() {
  for (auto& fiber : fibers) {
    track_fiber_destroy(fiber->told);
    std::free(fiber->stack);
  }
  fibers.clear();
}
