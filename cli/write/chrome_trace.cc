#include "cli/write/chrome_trace.h"

#include "cli/model/error.h"
#include "cli/model/symbols.h"
#include "cli/model/words.h"
#include "cli/write/json.h"
#include "cli/write/json_parts.h"
#include "cli/write/timeline_marks.h"

namespace track::write {
namespace {

double trace_us(uint64_t ns) {
  return static_cast<double>(ns) / 1000.0;
}

class ChromeWriter {
 public:
  explicit ChromeWriter(const Timeline& timeline) : timeline_(timeline) {}

  Json take() {
    meta("process_name", 0, base_name(timeline_.program));
    for (const TimelineTrack& track : timeline_.tracks) add(track, track.id);
    const bool lossy = !timeline_.losses.slices.empty() || !timeline_.losses.points.empty();
    if (lossy) add(timeline_.losses, 0);
    for (const TimelineCounter& counter : timeline_.counters)
      for (const auto& [ns, value] : counter.values) {
        Json event = make("C", counter.name, 0, ns);
        event["args"] = {{counter.unit, value}};
        events_.push_back(std::move(event));
      }
    return {{"displayTimeUnit", "ms"},
            {"otherData", {{"program", timeline_.program}, {"notes", timeline_.comments}}},
            {"traceEvents", std::move(events_)}};
  }

 private:
  Json make(const char* phase, const std::string& name, uint64_t tid, uint64_t ns) const {
    return {{"ph", phase},    {"name", name},
            {"cat", "track"}, {"pid", timeline_.pid},
            {"tid", tid},     {"ts", trace_us(ns - std::min(ns, timeline_.start_ns))}};
  }

  void meta(const char* what, uint64_t tid, const std::string& name) {
    events_.push_back({{"ph", "M"},
                       {"name", what},
                       {"pid", timeline_.pid},
                       {"tid", tid},
                       {"args", {{"name", name}}}});
  }

  void flow(const char* phase, uint64_t id, uint64_t tid, uint64_t ns) {
    if (id == 0) return;
    Json event = make(phase, "task", tid, ns);
    event["id"] = id;
    if (*phase == 'f') event["bp"] = "e";
    events_.push_back(std::move(event));
  }

  void add(const TimelineTrack& track, uint64_t tid) {
    meta("thread_name", tid, track.name);
    for (const TimelineMark& mark : timeline_marks(track)) {
      if (mark.kind == TimelineMark::Kind::end) {
        events_.push_back(make("E", track.slices[mark.index].name, tid, mark.ns));
      } else if (mark.kind == TimelineMark::Kind::begin) {
        const TimelineSlice& slice = track.slices[mark.index];
        Json event = make("B", slice.name, tid, mark.ns);
        for (const auto& [name, text] : slice.notes) event["args"][name] = text;
        events_.push_back(std::move(event));
        flow("f", slice.flow_in, tid, mark.ns);
      } else {
        const TimelinePoint& point = track.points[mark.index];
        Json event = make("i", point.name, tid, mark.ns);
        event["s"] = "t";
        events_.push_back(std::move(event));
        flow("s", point.flow_out, tid, mark.ns);
        flow("f", point.flow_in, tid, mark.ns);
      }
    }
  }

  const Timeline& timeline_;
  Json events_ = Json::array();
};

}  // namespace

std::string chrome_trace(const Timeline& timeline) {
  size_t slices = 0;
  for (const TimelineTrack& track : timeline.tracks) slices += track.slices.size();
  if (slices > kMostChromeSlices)
    throw Error(grouped(slices) + " slices are too many for Chrome's JSON (at most " +
                grouped(kMostChromeSlices) + "); use --format perfetto");
  return dump_json(ChromeWriter(timeline).take());
}

}  // namespace track::write
