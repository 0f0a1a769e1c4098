#include "cli/process/fibers.h"

#include <sys/ucontext.h>

#include <algorithm>

#include "cli/process/live_image.h"
#include "cli/process/unwind.h"

namespace track::process {
namespace {

bool read_word(const ProcessImage& image, uint64_t address, uint64_t& word) {
  return image.memory && image.memory->read_some(address, &word, sizeof word) == sizeof word;
}

// glibc's swapcontext saves what a call must preserve, the return address and the stack pointer
// after it, in the order of <sys/ucontext.h>.
bool ucontext_registers(const ProcessImage& image, uint64_t context, Registers& registers) {
  constexpr std::pair<Registers::Number, int> kSaved[] = {
      {Registers::rbx, REG_RBX}, {Registers::rbp, REG_RBP}, {Registers::r12, REG_R12},
      {Registers::r13, REG_R13}, {Registers::r14, REG_R14}, {Registers::r15, REG_R15},
      {Registers::rsp, REG_RSP}, {Registers::rip, REG_RIP}};
  const uint64_t saved = context + offsetof(ucontext_t, uc_mcontext.gregs);
  for (const auto& [number, index] : kSaved)
    if (!read_word(image, saved + static_cast<uint64_t>(index) * 8, registers[number]))
      return false;
  return true;
}

// Boost.Context pushes rbp, rbx, r15, r14, r13, r12 below the return address (all versions since
// 1.61; what lies below them differs).
bool fcontext_registers(const ProcessImage& image, uint64_t entry, Registers& registers) {
  constexpr Registers::Number kPushed[] = {Registers::rip, Registers::rbp, Registers::rbx,
                                           Registers::r15, Registers::r14, Registers::r13,
                                           Registers::r12};
  uint64_t at = entry;
  for (const Registers::Number number : kPushed) {
    if (!read_word(image, at, registers[number])) return false;
    at -= 8;
  }
  registers[Registers::rsp] = entry + 8;
  return true;
}

bool mapped(const ProcessImage& image, const Fiber& fiber) {
  return std::any_of(image.mappings.begin(), image.mappings.end(), [&](const Mapping& mapping) {
    return mapping.start < fiber.stack_high && fiber.stack_high <= mapping.end;
  });
}

}  // namespace

void observe_fibers(Trace& trace) {
  if (trace.fibers.empty()) return;
  ProcessImage image;
  describe_process(trace.pid, image);
  if (image.modules.empty()) return;
  std::erase_if(trace.fibers, [&](const Fiber& fiber) { return !mapped(image, fiber); });
  Unwinder unwinder(image);
  for (Fiber& fiber : trace.fibers) {
    Registers registers;
    if (fiber.context == 0) continue;
    const bool known = fiber.sort == FiberSort::fcontext
                           ? fcontext_registers(image, fiber.context, registers)
                           : ucontext_registers(image, fiber.context, registers);
    const uint64_t sp = registers[Registers::rsp];
    if (!known || sp < fiber.stack_low || sp > fiber.stack_high) continue;
    registers.whole = true;
    Stack stack = unwinder.unwind(registers, false);
    if (stack.addresses.empty()) continue;
    fiber.suspended_at = static_cast<StackIndex>(trace.stacks.size());
    trace.stacks.push_back(std::move(stack));
  }
}

}  // namespace track::process
