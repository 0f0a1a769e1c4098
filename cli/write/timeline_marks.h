// A track's begins, ends and points in the one order in which formats of events want them: by time,
// every begin with its end, an inner slice wholly between its outer one's two.
#pragma once

#include <cstddef>
#include <vector>

#include "cli/model/timeline.h"

namespace track::write {

struct TimelineMark {
  enum class Kind : uint8_t { begin, end, point };
  uint64_t ns = 0;
  Kind kind = Kind::point;
  size_t index = 0;  // into slices or points
};

std::vector<TimelineMark> timeline_marks(const TimelineTrack& track);

}  // namespace track::write
