// Blocks that nothing refers to, grouped by who allocated them, or by size and by what their first
// word points to where nobody knows.
#pragma once

#include <vector>

#include "cli/analyze/mark.h"
#include "cli/model/memory.h"
#include "cli/model/proof.h"
#include "cli/model/trace.h"

namespace track::analyze {

// The groups that lead to the most bytes, at most so many. unrecorded: counts blocks that are left
// out because the recording does not know them. The marker is as it was afterwards.
std::vector<LeakedBlocks> leaked_blocks(const Trace& trace, const MemoryPicture& picture,
                                        Marker& marker, size_t most, uint64_t& unrecorded);

// Whatever nothing that has been marked from refers to, in figures.
void count_unreached(const Marker& marker, Fixpoint& fixpoint);

}  // namespace track::analyze
