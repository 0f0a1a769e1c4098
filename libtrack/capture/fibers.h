// fibers.h: stackful coroutines: stacks prepared by makecontext or Boost.Context, and the switches
// between them. A fiber that is switched away from leaves where its registers lie; `track` unwinds
// it from outside. A fiber is over when its stack is freed, unmapped or prepared anew, or when its
// thread is found to run elsewhere without a switch away from it (its function returned).
//
// Called from assembly just before the real function, on the stack that calls it.
#pragma once

#include <cstdint>

#include "libtrack/core/fiber_table.h"
#include "libtrack/core/unwind.h"

namespace track::capture {

// Its slot's index + 1; 0: not recorded.
uint32_t prepared_fiber(wire::FiberSort sort, uint64_t stack_low, uint64_t stack_high,
                        uint64_t entry, const core::Registers& registers);

// From the stack that sp lies on to the one that `target` lies on. context: where the registers of
// the former are about to be saved (wire/tables.h), 0 = they are not.
void switching_fiber(uint64_t sp, uint64_t context, uint64_t target);

// A block that may be a fiber's stack is freed; a range of pages goes.
void stack_freed(uint64_t block);
void stacks_unmapped(uint64_t low, uint64_t high);

}  // namespace track::capture
