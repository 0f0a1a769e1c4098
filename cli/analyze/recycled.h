// Creation stacks that are another coroutine's. A recycling allocator (asio's, a pool) hands a
// block out again without asking malloc, so that the record still has the stack of the block's
// first use.
#pragma once

#include <string>

#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track::analyze {

// A coroutine is made within its function: where debug information shows that its creation stack
// was not, neither the stack nor the age is its own, and both become unknown. Once per trace, or
// again.
void forget_foreign_stacks(Trace& trace, const Symbols& symbols);

// For a reader; unknown: the stack was forgotten.
std::string doubt_of_stack(bool unknown);

}  // namespace track::analyze
