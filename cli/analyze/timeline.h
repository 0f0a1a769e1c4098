// History and live tables to a timeline.
#pragma once

#include <unordered_map>

#include "cli/model/schedule.h"
#include "cli/model/symbols.h"
#include "cli/model/timeline.h"

namespace track::analyze {

// schedules: of threads, by task id; may be empty.
Timeline build_timeline(const Trace& trace, const Symbols& symbols,
                        const std::unordered_map<uint64_t, Schedule>& schedules);

}  // namespace track::analyze
