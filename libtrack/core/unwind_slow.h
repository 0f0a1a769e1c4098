// unwind_slow.h: what unwind() does where the packed rules end. For unwind.cc only; its promises
// hold.
#pragma once

#include <stdint.h>

#include "libtrack/core/unwind.h"
#include "libtrack/core/unwind_words.h"

namespace track::core {

// As unwind(), but reads every rule in full from the tables and follows rbx too: 0.3 µs a frame.
// For the loader's _dl_runtime_resolve_*, frames over 1 MiB and the like.
unsigned unwind_slowly(const Registers& regs, uint64_t stack_high, uint64_t* out, unsigned max,
                       bool* truncated);

enum class FramePointerStep : uint8_t { kCaller, kEnd, kRefused };

// One step out of code that no table covers (key: its return address), by rbp. Only on a stack with
// known bounds, only upwards, and only if code and frame look it: in a module the code before the
// call must set rbp up, and the return address must follow a call in covered code, or belong to
// uncovered code (a JIT's) with a chain that goes on upwards.
FramePointerStep frame_pointer_step(uint64_t key, const StackBounds& bounds, uint64_t* sp,
                                    uint64_t* bp, uint64_t* return_address);

}  // namespace track::core
