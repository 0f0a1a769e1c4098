#include "cli/write/view_timeline.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "cli/model/finding.h"
#include "cli/model/words.h"
#include "cli/write/json_parts.h"
#include "cli/write/view_columns.h"

namespace track::write {
namespace {

constexpr uint32_t kEscape = 0xffffffff;
constexpr uint8_t kOpen = 1, kLeaked = 2;
constexpr uint8_t kFlowOut = 1, kFlowIn = 2;

const std::string& note(const TimelineNotes& notes, const char* key) {
  static const std::string none;
  for (const auto& [name, text] : notes)
    if (name == key) return text;
  return none;
}

// Spans that end before it are left out, so that at most `most` stay.
uint64_t cut_at(const Timeline& timeline, size_t most, size_t& all) {
  std::vector<uint64_t> ends;
  for (const TimelineTrack& track : timeline.tracks)
    for (const TimelineSlice& slice : track.slices) ends.push_back(slice.end_ns);
  all = ends.size();
  if (all <= most) return 0;
  const auto cut = ends.begin() + static_cast<long>(all - most);
  std::nth_element(ends.begin(), cut, ends.end());
  return *cut;
}

class Writer {
 public:
  Writer(const Timeline& timeline, const Trace& trace, const Symbols& symbols, ViewNames& names)
      : timeline_(timeline), trace_(trace), symbols_(symbols), names_(names) {
    std::unordered_map<uint64_t, int32_t> by_id;
    for (size_t i = 0; i < timeline.tracks.size(); ++i)
      by_id.try_emplace(timeline.tracks[i].id, static_cast<int32_t>(i));
    for (const Thread& thread : trace.threads)
      if (const auto lane = by_id.find(thread.id); lane != by_id.end())
        by_name_.try_emplace(thread_text(thread), lane->second);
  }

  void add(const TimelineTrack& track, bool leaked, uint64_t cut) {
    lane_start_.push_back(static_cast<uint32_t>(gap_.size()));
    const auto lane = static_cast<uint32_t>(lane_start_.size() - 1);
    uint64_t before = timeline_.start_ns;
    std::vector<uint64_t> open;  // ends of the spans that this one lies in
    std::string group;
    for (const TimelineSlice& slice : track.slices) {
      while (!open.empty() && open.back() <= slice.start_ns && open.back() < slice.end_ns)
        open.pop_back();
      while (!open.empty() && open.back() < slice.end_ns) open.pop_back();
      const auto depth = static_cast<uint8_t>(std::min<size_t>(open.size(), 255));
      if (depth == 0 && slice.stack != 0) group = where_text(trace_, symbols_, slice.stack);
      if (slice.end_ns < cut) continue;
      open.push_back(slice.end_ns);
      const uint64_t start = std::max(slice.start_ns, before);
      put(gap_, start - before);
      put(duration_, std::max(slice.end_ns, start) - start);
      before = start;
      name_.push_back(name(slice.name));
      depth_.push_back(depth);
      stack_.push_back(names_.stack(trace_, symbols_, slice.stack));
      object_.push_back(names_.string(note(slice.notes, "object")));
      const auto holder = by_name_.find(note(slice.notes, "holder"));
      holder_.push_back(holder == by_name_.end() ? -1 : holder->second);
      const bool to_the_end = slice.end_ns >= timeline_.end_ns;
      flags_.push_back(static_cast<uint8_t>((to_the_end ? kOpen : 0) |
                                            (leaked && depth == 0 && to_the_end ? kLeaked : 0)));
      if (slice.flow_in != 0) point(lane, slice.start_ns, "begins", 0, slice.flow_in, kFlowIn);
    }
    for (const TimelinePoint& one : track.points)
      if (one.ns >= cut)
        point(lane, one.ns, one.name, one.stack, one.flow_out != 0 ? one.flow_out : one.flow_in,
              static_cast<uint8_t>((one.flow_out != 0 ? kFlowOut : 0) |
                                   (one.flow_out == 0 && one.flow_in != 0 ? kFlowIn : 0)));
    lanes_.push_back({{"id", track.id},
                      {"parent", track.below},
                      {"kind", track.below != 0 ? "locks" : task_kind_name(track.kind)},
                      {"tid", track.tid},
                      {"name", track.name},
                      {"group", track.below != 0 ? "" : group}});
  }

  std::string bytes() {
    lane_start_.push_back(static_cast<uint32_t>(gap_.size()));
    Json counters = Json::array(), losses = Json::array();
    for (const TimelineCounter& counter : timeline_.counters) {
      Json t = Json::array(), v = Json::array();
      for (const auto& [ns, value] : counter.values) {
        t.push_back(from_start(ns));
        v.push_back(value);
      }
      counters.push_back({{"name", counter.name},
                          {"unit", counter.unit},
                          {"t", std::move(t)},
                          {"v", std::move(v)}});
    }
    for (const TimelineSlice& slice : timeline_.losses.slices)
      losses.push_back({{"start", from_start(slice.start_ns)},
                        {"end", from_start(slice.end_ns)},
                        {"name", slice.name}});
    ViewColumns columns;
    columns.add("lane_start", lane_start_);
    columns.add("gap", gap_);
    columns.add("duration", duration_);
    columns.add("escape", escape_);
    columns.add("name", name_);
    columns.add("depth", depth_);
    columns.add("stack", stack_);
    columns.add("object", object_);
    columns.add("holder", holder_);
    columns.add("flags", flags_);
    columns.add("p_lane", p_lane_);
    columns.add("p_time", p_time_);
    columns.add("p_name", p_name_);
    columns.add("p_stack", p_stack_);
    columns.add("p_flow", p_flow_);
    columns.add("p_kind", p_kind_);
    return columns.bytes({{"start_ns", 0},
                          {"end_ns", from_start(timeline_.end_ns)},
                          {"lanes", std::move(lanes_)},
                          {"names", names_list_},
                          {"counters", std::move(counters)},
                          {"losses", std::move(losses)},
                          {"comments", timeline_.comments}});
  }

 private:
  uint64_t from_start(uint64_t ns) const {
    return ns < timeline_.start_ns ? 0 : ns - timeline_.start_ns;
  }

  void put(std::vector<uint32_t>& column, uint64_t ns) {
    if (ns < kEscape) return column.push_back(static_cast<uint32_t>(ns));
    column.push_back(kEscape);
    escape_.push_back(static_cast<double>(ns));
  }

  uint16_t name(const std::string& text) {
    // Kinds of waits and functions of coroutines: thousands at most. What is beyond has one name.
    constexpr size_t kMostNames = 65000;
    const std::string& known = name_numbers_.size() < kMostNames || name_numbers_.contains(text)
                                   ? text
                                   : names_list_.front();
    const auto [entry, fresh] =
        name_numbers_.try_emplace(known, static_cast<uint16_t>(names_list_.size()));
    if (fresh) names_list_.push_back(known);
    return entry->second;
  }

  void point(uint32_t lane, uint64_t ns, const std::string& text, StackIndex stack, uint64_t flow,
             uint8_t kind) {
    p_lane_.push_back(lane);
    p_time_.push_back(static_cast<double>(from_start(std::min(ns, timeline_.end_ns))));
    p_name_.push_back(name(text));
    p_stack_.push_back(names_.stack(trace_, symbols_, stack));
    p_flow_.push_back(static_cast<uint32_t>(flow));
    p_kind_.push_back(kind);
  }

  const Timeline& timeline_;
  const Trace& trace_;
  const Symbols& symbols_;
  ViewNames& names_;
  std::unordered_map<std::string, int32_t> by_name_;
  std::vector<std::string> names_list_;
  std::unordered_map<std::string, uint16_t> name_numbers_;
  Json lanes_ = Json::array();
  std::vector<uint32_t> lane_start_, gap_, duration_, stack_, object_, p_lane_, p_stack_, p_flow_;
  std::vector<double> escape_, p_time_;
  std::vector<uint16_t> name_, p_name_;
  std::vector<uint8_t> depth_, flags_, p_kind_;
  std::vector<int32_t> holder_;
};

}  // namespace

std::string view_timeline(const Timeline& timeline, const Trace& trace, const Symbols& symbols,
                          const std::vector<uint64_t>& leaked, size_t most, ViewNames& names,
                          std::vector<std::string>& truncated) {
  size_t all = 0;
  const uint64_t cut = cut_at(timeline, most, all);
  const std::unordered_set<uint64_t> of_findings(leaked.begin(), leaked.end());
  Writer writer(timeline, trace, symbols, names);
  for (const TimelineTrack& track : timeline.tracks)
    writer.add(track, of_findings.contains(track.id), cut);
  if (cut != 0)
    truncated.push_back("timeline: the last " + count_text(most, "span") + " of " +
                        std::to_string(all) + "; `track serve` and `track trace` have all");
  return writer.bytes();
}

}  // namespace track::write
