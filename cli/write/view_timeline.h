// A timeline as the viewer takes it: lanes, spans as columns with the gap to the span before,
// points and curves. Times are nanoseconds from its start.
#pragma once

#include <string>
#include <vector>

#include "cli/model/timeline.h"
#include "cli/write/view_names.h"

namespace track::write {

inline constexpr size_t kMostViewSpans = 1'000'000;  // some 12 bytes each in a report

// leaked: lanes (TimelineTrack::id) of tasks that a finding lists. truncated: is told what was left
// out: the oldest spans, so that at most `most` stay.
std::string view_timeline(const Timeline& timeline, const Trace& trace, const Symbols& symbols,
                          const std::vector<uint64_t>& leaked, size_t most, ViewNames& names,
                          std::vector<std::string>& truncated);

}  // namespace track::write
