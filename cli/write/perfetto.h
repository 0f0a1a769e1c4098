// A timeline as Perfetto's protobuf trace (ui.perfetto.dev): a track a task, slices that nest,
// arrows, counters, CPU samples with call stacks; names and stacks are interned.
#pragma once

#include <string>

#include "cli/model/symbols.h"
#include "cli/model/timeline.h"

namespace track::write {

// trace and symbols: for the stacks that the timeline refers to.
std::string perfetto(const Timeline& timeline, const Trace& trace, const Symbols& symbols);

}  // namespace track::write
