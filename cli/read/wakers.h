// Who ended a wait: of its task the record has 16 bits.
#pragma once

#include "cli/model/trace.h"

namespace track::read {

// Makes task ids of the bits in the history's `waker`; 0 where another task may be meant as well.
// While no more than 65535 tasks were ever made (next_task), the bits are the id. Later a task is
// named when it alone, of those that have the bits, can have lived during the wait; which the
// history must be complete for, because a task that is not in it has left no trace.
void complete_wakers(Trace& trace, uint32_t next_task);

}  // namespace track::read
