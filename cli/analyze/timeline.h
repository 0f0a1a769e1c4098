// History and live tables to a timeline.
#pragma once

#include "cli/model/symbols.h"
#include "cli/model/timeline.h"

namespace track::analyze {

Timeline build_timeline(const Trace& trace, const Symbols& symbols);

// TimelineTrack::id of a task.
uint64_t track_of(TaskKind kind, uint64_t task);

}  // namespace track::analyze
