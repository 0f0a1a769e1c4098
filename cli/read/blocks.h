// The table of heap blocks in a recording (libtrack/wire/blocks.h). Read at any time, in address
// order; only pages that were ever touched are looked at, so a table that spans terabytes takes no
// longer than its blocks do: some 0.1 s for each GiB of small blocks.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/model/heap.h"
#include "cli/model/proof.h"
#include "cli/model/trace.h"
#include "cli/read/bytes.h"

namespace track::read {

// Every block, by address; none when the recording keeps none, or is damaged.
std::vector<RecordedBlock> read_blocks(const Bytes& bytes);

// How many and how large.
void count_blocks(const Bytes& bytes, Trace& trace);
// That, and where they were allocated; and what was allocated since the recording began.
void read_heap_sites(const Bytes& bytes, Trace& trace);
// One of the two, if the recording keeps blocks, or samples of them, at all.
void read_heap(const Bytes& bytes, bool sites, Trace& trace);

// The allocation stacks of leaked blocks, out of the recording and into the trace.
void recall_stacks(const Bytes& bytes, Trace& trace, Fixpoint& fixpoint);

}  // namespace track::read
