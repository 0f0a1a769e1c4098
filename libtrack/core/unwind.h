// unwind.h: the return addresses on a stack, in process, without frame pointers.
//  - Exact where .eh_frame describes the code; a frame pointer is used only where nothing describes
//  it
//    and the result can be checked; where neither holds the walk ends and says *truncated.
//  - Any thread, any signal handler, also inside malloc or the loader: no lock, no allocation, no
//  TLS.
//    About 3 ns a frame when the rules are known, under 1 µs for an address met first.
//  - Reads only words that the walk of a well-formed stack reads, and none outside the bounds
//  given.
#pragma once

#include <stdint.h>

#include <atomic>

namespace track::core {

// Where a walk starts. bx matters only to a few functions of the dynamic loader: 0 if not known.
struct Registers {
  uint64_t pc = 0, sp = 0, bp = 0, bx = 0;
};

// Fills a Registers with the running function's own. The walk must end before that function
// returns.
#define TRACK_GET_REGISTERS(regs)                                          \
  asm volatile(                                                            \
      "lea 0(%%rip), %%rax\n\t"                                            \
      "mov %%rax, %0\n\t"                                                  \
      "mov %%rsp, %1\n\t"                                                  \
      "mov %%rbp, %2\n\t"                                                  \
      "mov %%rbx, %3"                                                      \
      : "=m"((regs).pc), "=m"((regs).sp), "=m"((regs).bp), "=m"((regs).bx) \
      :                                                                    \
      : "rax")

// A stack whose end is not known is followed no further than this from its start.
inline constexpr uint64_t kUnknownStackReach = 1 << 20;

// Writes the return addresses of the callers of regs.pc, leaf first, and returns how many. regs.pc
// itself is not among them. After a signal frame the address is the interrupted instruction itself.
// stack_high: one past the highest readable address of the stack regs.sp is on; everything between
// must be mapped. 0 when the stack is not known (fibers, alternate signal stacks): then only exact
// rules are followed, upwards, for at most kUnknownStackReach.
// *truncated: the walk ended for want of a rule, at the bounds or at max, not at the stack's end.
unsigned unwind(const Registers& regs, uint64_t stack_high, uint64_t* out, unsigned max,
                bool* truncated);

// 1 and the extent [*start, *end) of the function that contains pc if its .eh_frame says so, else
// 0. The cold part that a compiler splits off is a function of its own here.
uint32_t function_start(uint64_t pc, uint64_t* start, uint64_t* end);

// Call after dlclose has returned and before dlopen maps anything: forgets all rules and, by
// generation, every Replay. A second call at the same time is fine.
void unwind_modules_changed();

// Counts from 1, one for each unwind_modules_changed().
extern std::atomic<uint32_t> g_generation;
inline uint32_t unwind_generation() {
  return g_generation.load(std::memory_order_acquire);
}

// Part of every stack's hash: changes when other code than before came to lie at some address, so
// that an address in a stack means one module. A module that comes again where it was changes
// nothing, or who opens and closes plug-ins would fill the table of stacks. Read it after the walk,
// which tells code_met of the modules it comes by.
extern std::atomic<uint32_t> g_stack_salt;
inline uint32_t stack_salt() {
  return g_stack_salt.load(std::memory_order_acquire);
}

// Called with an address of the code whose rules are about to be read, before they are. Any
// context.
extern std::atomic<void (*)(uint64_t address)> code_met;

}  // namespace track::core
