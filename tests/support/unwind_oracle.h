// unwind_oracle.h: stacks as libunwind sees them, to hold our unwinder against. Tests only.
#pragma once

#include <stdint.h>
#include <ucontext.h>

#include <string>
#include <vector>

#include "libtrack/core/replay.h"
#include "libtrack/core/unwind.h"

namespace track::test {

// One past the highest address of the calling thread's own stack.
uint64_t own_stack_high();

// The callers of the interrupted instruction, leaf first; how many. Allocates nothing.
unsigned libunwind_walk(const ucontext_t& context, uint64_t* out, unsigned max);

core::Registers registers_from(const ucontext_t& context);

// What is found by unwind(), capture() with the given Replay and capture_whole(), called in turn in
// one frame, must be what libunwind finds there. Empty if so, else what differs.
struct StackCheck {
  core::Replay* replay;
  uint64_t stack_high;
  std::string problem;          // of the first difference
  std::vector<uint64_t> stack;  // leaf first, of the last check
  bool truncated = false;
  uint64_t hash = 0;
  uint32_t changed = 0;
  unsigned checks = 0;

  [[gnu::noinline]] void here();
};

std::string hex_list(const std::vector<uint64_t>& addresses);

}  // namespace track::test
