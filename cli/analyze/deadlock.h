// Rule `deadlock`: cycles of owned locks and joins. Proved, or not reported at all.
#pragma once

#include "cli/model/proof.h"
#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track::analyze {

using track::Deadlocks;

Deadlocks find_deadlocks(const Trace& trace, const Symbols& symbols);

// pthread_join is a cancellation point: whoever has the handle may end such a wait. Cycles with
// joins of a process that lives are likely when the program may cancel threads, or nobody could
// look; all are when a thread may be taken out of its wait (Fixpoint::lock_escape).
void doubt_waits(Deadlocks& deadlocks, const Trace& trace, const Fixpoint& fixpoint);

// Keeps only the findings whose threads sit in the same waits in a trace taken later: what moved
// was no deadlock.
void keep_unmoved(Deadlocks& deadlocks, const Trace& earlier, const Trace& later);

// Of a copy that a process made of its own recording while it ran (Trace::copy_began_ns), which is
// not of one instant: keeps only cycles that stood when it began. Whoever waits since before that,
// and still did when looked at, held until then what it held; of fibers that cannot be said.
void keep_from_before_copy(Deadlocks& deadlocks, const Trace& trace);

}  // namespace track::analyze
