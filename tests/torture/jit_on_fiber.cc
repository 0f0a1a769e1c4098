// what: generated code without unwind tables calls nanosleep on a heap stack, with any value in rbp
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

#include <initializer_list>

#include "tests/torture/check.h"

static ucontext_t here, fiber;
static unsigned char* code;
static int calls;

static void sleep_a_moment() {
  const timespec moment{0, 1000};
  nanosleep(&moment, nullptr);
  ++calls;
}

// push rbp; mov rbp, value; mov rax, sleep_a_moment; call rax; pop rbp; ret
static void generate(unsigned long value) {
  static const unsigned char kPattern[] = {0x55, 0x48, 0xbd, 0,    0,    0,    0,   0, 0,
                                           0,    0,    0x48, 0xb8, 0,    0,    0,   0, 0,
                                           0,    0,    0,    0xff, 0xd0, 0x5d, 0xc3};
  const auto target = reinterpret_cast<unsigned long>(&sleep_a_moment);
  memcpy(code, kPattern, sizeof kPattern);
  memcpy(code + 3, &value, 8);
  memcpy(code + 13, &target, 8);
}

static void run() {
  reinterpret_cast<void (*)()>(code)();
}

int main() {
  constexpr size_t kBytes = 1 << 18;
  char* memory = static_cast<char*>(
      mmap(nullptr, 4 * kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  munmap(memory + 2 * kBytes, kBytes);
  code = static_cast<unsigned char*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  const auto hole = reinterpret_cast<unsigned long>(memory + 2 * kBytes + 64);
  const auto local = reinterpret_cast<unsigned long>(&memory);
  for (unsigned long value :
       {0ul, 1ul, 8ul, ~0ul, hole, hole + 8, local, 0x7fffffff0000ul, 0x123456789abc0ul}) {
    generate(value);
    run();
    getcontext(&fiber);
    fiber.uc_stack.ss_sp = memory;
    fiber.uc_stack.ss_size = kBytes;
    fiber.uc_link = &here;
    makecontext(&fiber, run, 0);
    swapcontext(&here, &fiber);
  }
  SHOW(calls);
}
