#include "cli/write/firefox_profile.h"

#include <map>
#include <unordered_map>

#include "cli/write/json.h"
#include "cli/write/json_parts.h"

namespace track::write {
namespace {

constexpr int kGeckoVersion = 24;
constexpr int kInstant = 0, kInterval = 1;  // phases of markers
constexpr int kWaits = 1, kOther = 0;       // categories

double profile_ms(uint64_t ns) {
  return static_cast<double>(ns) / 1e6;
}

// The tables of one thread; stacks are shared as chains of (caller, frame).
class FirefoxThread {
 public:
  FirefoxThread(const Timeline& timeline, const Trace& trace, const Symbols& symbols)
      : timeline_(timeline), trace_(trace), symbols_(symbols) {}

  Json take(const TimelineTrack& track, uint64_t number) {
    for (const TimelineSlice& slice : track.slices) {
      Json data{{"type", "track"}};
      std::string notes;
      for (const auto& [name, text] : slice.notes)
        notes += (notes.empty() ? "" : "; ") + name + ": " + text;
      data["notes"] = notes;
      markers_.push_back({text(slice.name), relative(slice.start_ns), relative(slice.end_ns),
                          kInterval, kWaits, std::move(data)});
    }
    for (const TimelinePoint& point : track.points)
      markers_.push_back({text(point.name), relative(point.ns), nullptr, kInstant, kOther,
                          Json{{"type", "track"}, {"notes", ""}}});
    Json samples = Json::array();
    for (const TimelineSample& sample : track.samples)
      samples.push_back(
          {stack(sample.stack), relative(sample.ns), 0, trace_.cpu.period_ns});  // its CPU time
    const uint64_t end = track.slices.empty() ? timeline_.end_ns : track.slices.front().end_ns;
    const uint64_t start =
        track.slices.empty() ? timeline_.start_ns : track.slices.front().start_ns;
    return {
        {"name", track.name},
        {"processType", "default"},
        {"processName", base_name(timeline_.program)},
        {"pid", timeline_.pid},
        {"tid", number},
        {"registerTime", relative(start)},
        {"unregisterTime", end < timeline_.end_ns ? Json(relative(end)) : Json()},
        {"markers",
         {{"schema",
           {{"name", 0},
            {"startTime", 1},
            {"endTime", 2},
            {"phase", 3},
            {"category", 4},
            {"data", 5}}},
          {"data", std::move(markers_)}}},
        {"samples",
         {{"schema", {{"stack", 0}, {"time", 1}, {"eventDelay", 2}, {"threadCPUDelta", 3}}},
          {"data", std::move(samples)}}},
        {"frameTable",
         {{"schema",
           {{"location", 0},
            {"relevantForJS", 1},
            {"innerWindowID", 2},
            {"implementation", 3},
            {"line", 4},
            {"column", 5},
            {"category", 6},
            {"subcategory", 7}}},
          {"data", std::move(frames_)}}},
        {"stackTable", {{"schema", {{"prefix", 0}, {"frame", 1}}}, {"data", std::move(stacks_)}}},
        {"stringTable", std::move(strings_)}};
  }

 private:
  double relative(uint64_t ns) const { return profile_ms(ns - std::min(ns, timeline_.start_ns)); }

  size_t text(const std::string& text) {
    const auto [entry, fresh] = string_ids_.try_emplace(text, strings_.size());
    if (fresh) strings_.push_back(text);
    return entry->second;
  }

  // The innermost entry of the stack's chain; null: nothing is known of it.
  Json stack(StackIndex index) {
    const auto [entry, fresh] = by_stack_.try_emplace(index);
    if (!fresh) return entry->second;
    const std::vector<StackLine> lines = stack_lines(trace_, symbols_, index, Prune::tracker);
    Json prefix;
    for (size_t i = lines.size(); i-- > 0;) {
      const StackLine& line = lines[i];
      const size_t name = text(line.function.empty() ? line_text(line) : line.function);
      const auto [frame, new_frame] = frame_ids_.try_emplace(name, frames_.size());
      if (new_frame) frames_.push_back({name, false, 0, nullptr, nullptr, nullptr, kOther, 0});
      const std::pair key(prefix.is_null() ? size_t{0} : prefix.get<size_t>() + 1, frame->second);
      const auto [link, new_link] = stack_ids_.try_emplace(key, stacks_.size());
      if (new_link) stacks_.push_back({prefix, frame->second});
      prefix = link->second;
    }
    return by_stack_[index] = prefix;
  }

  const Timeline& timeline_;
  const Trace& trace_;
  const Symbols& symbols_;
  Json markers_ = Json::array(), frames_ = Json::array(), stacks_ = Json::array(),
       strings_ = Json::array();
  std::unordered_map<std::string, size_t> string_ids_;
  std::unordered_map<size_t, size_t> frame_ids_;
  std::map<std::pair<size_t, size_t>, size_t> stack_ids_;
  std::unordered_map<StackIndex, Json> by_stack_;
};

Json firefox_meta(const Timeline& timeline, const Trace& trace) {
  return {
      {"version", kGeckoVersion},
      {"interval", trace.cpu.period_ns == 0 ? 1 : profile_ms(trace.cpu.period_ns)},
      {"startTime", profile_ms(timeline.start_realtime_ns)},
      {"processType", 0},
      {"product", base_name(timeline.program)},
      {"stackwalk", 1},
      {"debug", 0},
      {"gcpoison", 0},
      {"asyncstack", 1},
      {"sampleUnits", {{"time", "ms"}, {"eventDelay", "ms"}, {"threadCPUDelta", "ns"}}},
      {"categories",
       {{{"name", "Other"}, {"color", "grey"}, {"subcategories", {"Other"}}},
        {{"name", "Waiting"}, {"color", "orange"}, {"subcategories", {"Other"}}}}},
      {"markerSchema",
       {{{"name", "track"},
         {"display", {"marker-chart", "marker-table", "timeline-overview"}},
         {"tooltipLabel", "{marker.name}"},
         {"tableLabel", "{marker.data.notes}"},
         {"data",
          {{{"key", "notes"}, {"label", "notes"}, {"format", "string"}, {"searchable", true}}}}}}},
      {"extensions",
       {{"schema", {{"id", 0}, {"name", 1}, {"baseURL", 2}}}, {"data", Json::array()}}},
      {"configuration", {{"comments", timeline.comments}}}};
}

}  // namespace

std::string firefox_profile(const Timeline& timeline, const Trace& trace, const Symbols& symbols) {
  Json threads = Json::array();
  uint64_t number = 0;
  for (const TimelineTrack& track : timeline.tracks)
    threads.push_back(FirefoxThread(timeline, trace, symbols).take(track, ++number));
  const bool lossy = !timeline.losses.slices.empty() || !timeline.losses.points.empty();
  if (lossy)
    threads.push_back(FirefoxThread(timeline, trace, symbols).take(timeline.losses, ++number));
  return dump_json({{"meta", firefox_meta(timeline, trace)},
                    {"libs", Json::array()},
                    {"pages", Json::array()},
                    {"pausedRanges", Json::array()},
                    {"processes", Json::array()},
                    {"threads", std::move(threads)}});
}

}  // namespace track::write
