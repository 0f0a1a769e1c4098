// what: coroutines as libco makes them: a switch of stacks by hand, of which no library knows
// repeat: 3
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

// Keeps what a called function must keep, and goes on where `to` was left.
extern "C" void switch_stacks(void** from, void* to);
asm(R"(
  .text
  .globl switch_stacks
  .type switch_stacks, @function
switch_stacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size switch_stacks, .-switch_stacks
)");

constexpr size_t kBytes = 64 << 10, kCount = 12, kGuard = 4096;

struct Routine {
  void* here = nullptr;
  void* back = nullptr;
  long sum = 0;
  bool over = false;
};

static Routine routines[kCount];
static thread_local Routine* current;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile sig_atomic_t signals;

[[gnu::noinline]] static void yield() {
  Routine* self = current;
  switch_stacks(&self->here, self->back);
}

static void on_signal(int) {
  signals = signals + 1;
}

[[gnu::noinline]] static long work(int depth) {
  auto block = std::make_unique<std::vector<long>>(16, depth);
  if (depth == 0) {
    const timespec moment{0, 1'000'000};
    nanosleep(&moment, nullptr);
    throw std::runtime_error("the bottom");
  }
  long sum = block->back();
  for (volatile int i = 0; i < 2000; i = i + 1) sum += i % 2;
  return sum + work(depth - 1);
}

// Each waits for the one before it: some end on another thread than they began on.
static void body() {
  Routine* self = current;
  for (int round = 0; round < 6; ++round) {
    pthread_mutex_lock(&mutex);
    try {
      self->sum += work(4 + round);
    } catch (const std::runtime_error& error) {
      self->sum += static_cast<long>(strlen(error.what()));
    }
    pthread_mutex_unlock(&mutex);
    if (round == 3) raise(SIGUSR1);
    yield();
  }
  self->over = true;
  for (;;) yield();
}

static void run_once() {
  for (Routine& routine : routines) {
    if (routine.over) continue;
    current = &routine;
    switch_stacks(&routine.back, routine.here);
  }
}

static void prepare(Routine& routine, char* low) {
  auto* top = reinterpret_cast<void**>(low + kBytes) - 1;
  *top = nullptr;  // its caller: nobody
  *--top = reinterpret_cast<void*>(body);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  routine.here = top;
}

int main() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGUSR1, &action, nullptr);
  std::vector<std::unique_ptr<char[]>> heap;
  for (size_t i = 0; i < kCount; ++i) {
    char* low;
    if (i % 2 == 0) {
      heap.push_back(std::make_unique<char[]>(kGuard + kBytes));
      low = heap.back().get() + kGuard;
      memset(heap.back().get(), 0x5a, kGuard);
    } else {
      low = static_cast<char*>(
          mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    }
    prepare(routines[i], low);
  }
  run_once();
  for (int i = 0; i < 5; ++i) std::thread(run_once).join();
  run_once();
  long sum = 0;
  bool over = true, untouched = true;
  for (const Routine& routine : routines) {
    sum += routine.sum;
    over = over && routine.over;
  }
  for (const auto& block : heap)
    for (size_t i = 0; i < kGuard; ++i) untouched = untouched && block[i] == 0x5a;
  SHOW(sum);
  SHOW(signals);
  CHECK(over);
  CHECK(untouched);
}
