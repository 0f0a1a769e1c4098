// Findings of the fixpoint: `stuck-task` and `orphaned-coroutine`. Proved when the fixpoint was
// taken from one instant and nothing could hide a reference; likely with a named doubt; suspected
// when the process was not held for it.
#pragma once

#include <set>
#include <vector>

#include "cli/analyze/fixpoint.h"
#include "cli/model/finding.h"
#include "cli/model/symbols.h"

namespace track::analyze {

// known: task ids of threads that another finding already explains.
std::vector<Finding> find_stuck(const Trace& trace, const Symbols& symbols,
                                const Fixpoint& fixpoint, const std::set<uint32_t>& known);
// `stuck-task` of coroutines in a process none of whose threads can go on.
std::vector<Finding> find_asleep(const Trace& trace, const Symbols& symbols,
                                 const Fixpoint& fixpoint);
// `stuck-task` of fibers: whose stack and saved registers nothing refers to.
std::vector<Finding> find_lost_fibers(const Trace& trace, const Symbols& symbols,
                                      const Fixpoint& fixpoint);
std::vector<Finding> find_orphaned(const Trace& trace, const Symbols& symbols,
                                   const Fixpoint& fixpoint);

// `leaked-memory`, when the fixpoint looked for it.
std::vector<Finding> find_leaked_memory(const Trace& trace, const Symbols& symbols,
                                        const Fixpoint& fixpoint);

// What the fixpoint as a whole allows to say, and why.
Evidence evidence_of(const Fixpoint& fixpoint);
void add_scan_reasons(Finding& finding, const Fixpoint& fixpoint);
void add_scan_reasons(Finding& finding, const Fixpoint& fixpoint, bool asleep);

}  // namespace track::analyze
