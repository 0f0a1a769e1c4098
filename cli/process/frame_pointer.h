// The kernel tells a sleeping thread's instruction and stack pointers, not its rbp. A function that
// addresses its frame by rbp (every one without optimization) needs it: it is found again on the
// stack, by the return address that a call of this very function left there.
#pragma once

#include <cstdint>
#include <functional>

namespace track::process {

struct FrameSearch {
  std::function<bool(uint64_t address, uint64_t& value)> word;
  std::function<bool(uint64_t address)> is_code;
};

// The rbp of a function's frame that begins `push %rbp; mov %rsp,%rbp`, whose stack pointer is
// `stack_pointer`; 0 = cannot be told. What it returns fits everything that can be checked; an
// indirect call leaves room for doubt only where the frame's size is not in the prologue.
uint64_t find_frame_pointer(const FrameSearch& search, uint64_t function, uint64_t stack_pointer);

}  // namespace track::process
