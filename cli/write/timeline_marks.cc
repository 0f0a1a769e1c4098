#include "cli/write/timeline_marks.h"

namespace track::write {
namespace {

std::vector<TimelineMark> slice_marks(const TimelineTrack& track) {
  std::vector<TimelineMark> marks;
  std::vector<size_t> open;
  const auto close_until = [&](uint64_t ns) {
    while (!open.empty() && track.slices[open.back()].end_ns <= ns) {
      marks.push_back({track.slices[open.back()].end_ns, TimelineMark::Kind::end, open.back()});
      open.pop_back();
    }
  };
  for (size_t i = 0; i < track.slices.size(); ++i) {
    close_until(track.slices[i].start_ns);
    marks.push_back({track.slices[i].start_ns, TimelineMark::Kind::begin, i});
    open.push_back(i);
  }
  close_until(~uint64_t{0});
  return marks;
}

}  // namespace

std::vector<TimelineMark> timeline_marks(const TimelineTrack& track) {
  std::vector<TimelineMark> marks;
  size_t point = 0;
  const auto points_before = [&](const TimelineMark& mark) {
    for (; point < track.points.size(); ++point) {
      const uint64_t ns = track.points[point].ns;
      if (ns > mark.ns || (ns == mark.ns && mark.kind == TimelineMark::Kind::begin)) return;
      marks.push_back({ns, TimelineMark::Kind::point, point});
    }
  };
  for (const TimelineMark& mark : slice_marks(track)) {
    points_before(mark);
    marks.push_back(mark);
  }
  points_before({~uint64_t{0}, TimelineMark::Kind::end, 0});
  return marks;
}

}  // namespace track::write
