// A process whose only thread sleeps on a stack of a fiber, or on a small one: `fiber_target
// STACK`. It reads a byte from standard input there, and says what came of it and of what lies
// below the stack.
#include <alloca.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

constexpr size_t kBytes = 64 << 10, kBelow = 256 << 10;
constexpr ptrdiff_t kLittle = 1600;

std::byte* nearly_down_to = nullptr;

// With that much of its stack left where it was told so: less than it takes to look up a function
// of libc that is called for the first time.
[[gnu::noinline]] ssize_t read_byte(char* byte) {
  if (nearly_down_to != nullptr) {
    const auto* here = static_cast<std::byte*>(__builtin_frame_address(0));
    auto* volatile taken = alloca(static_cast<size_t>(here - nearly_down_to - kLittle));
    static_cast<void>(taken);
  }
  return read(STDIN_FILENO, byte, 1);
}

void wait_for_a_byte() {
  puts("ready");
  char byte = 0;
  if (read(-1, &byte, 1) != -1) abort();
  errno = 4711;
  const ssize_t result = read_byte(&byte);
  const int error = errno;
  printf("read %zd, %c, %s\n", result, byte, strerror(error));
}

void on_swapped() {
  wait_for_a_byte();
  nearly_down_to = nullptr;  // called from here: nobody calls this one
}

// Stacks of switch_to: what is to be kept across a call, and where to go on.
extern "C" void switch_to(void** from, void* to);
asm(R"(
  .text
  .globl switch_to
  .type switch_to, @function
switch_to:
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
  .size switch_to, .-switch_to
)");

void* first;
void* second;

void on_own_switch() {
  wait_for_a_byte();
  switch_to(&second, first);
  abort();
}

void by_own_switch(std::byte* low) {
  // The saved registers, the entry, and for its caller: nobody.
  auto* top = reinterpret_cast<void**>(low + kBytes) - 1;
  *top = nullptr;
  *--top = reinterpret_cast<void*>(on_own_switch);
  top -= 6;
  std::fill(top, top + 6, nullptr);
  switch_to(&first, top);
}

ucontext_t scheduler, fiber;

void by_swapcontext(std::byte* low) {
  getcontext(&fiber);
  fiber.uc_stack.ss_sp = low;
  fiber.uc_stack.ss_size = kBytes;
  fiber.uc_link = &scheduler;
  makecontext(&fiber, on_swapped, 0);
  swapcontext(&scheduler, &fiber);
}

// Where a stack of kBytes begins, with memory below it that is in use and in the same mapping.
std::byte* stack_in(bool heap) {
  std::byte* memory =
      heap ? static_cast<std::byte*>(malloc(kBelow + kBytes))
           : static_cast<std::byte*>(mmap(nullptr, kBelow + kBytes, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  std::fill(memory, memory + kBelow, std::byte{0x5a});
  return memory + kBelow;
}

void run(const std::string& way) {
  if (way == "thread") {
    wait_for_a_byte();
    return;
  }
  std::byte* low = stack_in(way.ends_with("heap"));
  if (way == "swap_full") {
    mprotect(low - kBelow, kBelow, PROT_READ);  // what is below is another mapping
    nearly_down_to = low;
  }
  if (way.starts_with("own"))
    by_own_switch(low);
  else
    by_swapcontext(low);
  const bool kept =
      std::all_of(low - kBelow, low, [](std::byte b) { return b == std::byte{0x5a}; });
  puts(kept ? "below as before" : "WRONG below");
}

}  // namespace

int main(int, char** arguments) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::string way = arguments[1];
  if (way == "list") {
    puts("swap_mmap swap_heap swap_full own_mmap own_heap thread");
    return 0;
  }
  if (way == "thread") {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 16 << 10);
    pthread_t thread;
    pthread_create(
        &thread, &small,
        [](void*) -> void* {
          run("thread");
          return nullptr;
        },
        nullptr);
    // Not asleep: only the other may be borrowed.
    while (pthread_tryjoin_np(thread, nullptr) != 0) {
    }
    return 0;
  }
  run(way);
}
