// Which tasks can never go on, whatever happens: the fixpoint of marking. Tasks that can run or
// that the outside can wake are live; what they, globals and the kernel refer to is reached; a
// blocked task whose wait object is reached becomes live too (for an owned lock: when its owner is
// live; for a join: when the joined thread is), and so on until nothing changes. The rest is stuck.
// A suspended coroutine whose frame nothing reaches is orphaned.
//
// It may miss, it may not accuse: whatever is not known for certain counts as live or as a root.
#pragma once

#include "cli/model/memory.h"
#include "cli/model/proof.h"
#include "cli/model/trace.h"

namespace track::analyze {

using track::Fixpoint;
using track::Orphan;
using track::StuckBy;
using track::StuckThread;

// Could anything come of it? False: no blocked threads and no suspended coroutines worth a look.
bool has_suspects(const Trace& trace);

// with_memory: blocks that nothing refers to, too.
Fixpoint find_fixpoint(const Trace& trace, const MemoryPicture& picture, bool with_memory = false);

// What is stuck does not move. When anything of it did all the same, the record was of another
// instant than the memory: nothing of it can be believed; it is emptied, and the answer is false.
bool keep_unmoved(Fixpoint& fixpoint, const Trace& later);
// Keeps only what the other one found too.
void keep_common(Fixpoint& fixpoint, const Fixpoint& other);

}  // namespace track::analyze
