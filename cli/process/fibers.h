// Where suspended fibers stand: their stacks unwound from outside, from the registers that the
// switch away from them saved. Nothing is stopped.
#pragma once

#include "cli/model/trace.h"

namespace track::process {

// Fills suspended_at, and drops fibers whose stack is not mapped any more. A fiber that was resumed
// meanwhile gets no stack.
void observe_fibers(Trace& trace);

}  // namespace track::process
