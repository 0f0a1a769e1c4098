#include "cli/verbs/view.h"

#include <algorithm>
#include <map>
#include <optional>

#include "cli/analyze/contention.h"
#include "cli/analyze/timeline.h"
#include "cli/model/finding.h"
#include "cli/model/profile_sum.h"
#include "cli/read/clock.h"
#include "cli/verbs/hang_section.h"
#include "cli/verbs/load.h"
#include "cli/verbs/profile_types.h"
#include "cli/verbs/task_notes.h"
#include "cli/verbs/view_growth.h"
#include "cli/verbs/wait_drawing.h"
#include "cli/write/json.h"
#include "cli/write/json_parts.h"
#include "cli/write/tasks.h"
#include "cli/write/view_graph.h"
#include "cli/write/view_names.h"
#include "cli/write/view_profile.h"
#include "cli/write/view_timeline.h"

#ifndef TRACK_VERSION
#define TRACK_VERSION "0"
#endif

namespace track::verbs {
namespace {

using write::Json;

constexpr const char* kProfiles[] = {"tasks",  "threads",    "coroutines", "leaks",        "heap",
                                     "allocs", "contention", "block",      "threadcreate", "cpu"};

uint64_t realtime_of(const Trace& trace) {
  const uint64_t age = trace.taken_ns > trace.start_ns ? trace.taken_ns - trace.start_ns : 0;
  return trace.start_realtime_ns == 0 ? read::realtime_now_ns() : trace.start_realtime_ns + age;
}

class Maker {
 public:
  Maker(const std::vector<Loaded>& base, const ViewSettings& settings)
      : base_(base), settings_(settings) {}

  View make(std::vector<Loaded> processes) {
    const ViewGrowth growth(processes);
    std::map<std::pair<int32_t, uint64_t>, std::pair<Fixpoint, write::TaskNotes>> told;
    for (const Loaded& one : processes)
      told[{one.report.trace.pid, one.report.trace.taken_ns}] = {one.fixpoint, task_notes(one)};
    for (Loaded& loaded : processes)
      if (!loaded.report.trace.gone && loaded.report.note.empty())
        loaded.report.note = "judged while it runs";
    view_.report = make_report(std::move(processes), settings_.judge);
    add_tasks(told);
    add_waits(told);
    add("leaks.json", growth.told_in(view_.report, write::json_report(view_.report)));
    if (const std::string curves = growth.json(); !curves.empty())
      add("growth.json", curves);
    else
      absent_["growth"] = "one look only; growth needs several: track html DUMP DUMP... -o F";
    add_timeline();
    add_profiles();
    add("strings.json", names_.strings_json());
    add("frames", names_.frames_columns());
    add("stacks", names_.stacks_columns());
    add("sources.json", names_.sources_json());
    add("meta.json", meta());
    return std::move(view_);
  }

 private:
  using Told = std::map<std::pair<int32_t, uint64_t>, std::pair<Fixpoint, write::TaskNotes>>;

  void add(const char* name, const std::string& raw) { view_.bundle.add(name, raw); }

  const auto& of(const Told& told, const ProcessReport& process) const {
    return told.at({process.trace.pid, process.trace.taken_ns});
  }

  void add_tasks(const Told& told) {
    std::vector<write::TaskNotes> notes;
    for (const ProcessReport& process : view_.report.processes)
      notes.push_back(of(told, process).second);
    add("tasks.json", write::json_tasks(view_.report.processes, {}, notes));
  }

  // As `track hang`: only of what keeps tasks from going on.
  void add_waits(const Told& told) {
    std::vector<write::HangSection> sections;
    std::vector<write::ViewGraph> graphs;
    std::vector<std::vector<Finding>> all;
    for (ProcessReport& process : view_.report.processes) {
      all.push_back(process.findings);
      std::erase_if(process.findings, [](const Finding& f) { return !about_hanging(f.rule); });
      sections.push_back(hang_section(process, of(told, process).first));
      graphs.push_back(draw_waits(process, truncated_));
    }
    add("waits.json", write::view_waits(view_.report, sections, graphs));
    for (size_t i = 0; i < all.size(); ++i) view_.report.processes[i].findings = std::move(all[i]);
  }

  void add_timeline() {
    if (view_.report.processes.empty()) return;
    const ProcessReport& process = view_.report.processes.front();
    const Timeline timeline = analyze::build_timeline(process.trace, process.symbols);
    if (!process.trace.prepared)
      absent_["timeline"] = "nothing was recorded: start the program with `track run`, or attach";
    std::vector<uint64_t> leaked;
    for (const Finding& finding : process.findings)
      if (!is_of_memory(finding.rule) && finding.suppressed_by.empty())
        for (const FindingTask& task : finding.tasks)
          leaked.push_back(analyze::track_of(task.kind, task.id));
    add("timeline", write::view_timeline(
                        timeline, process.trace, process.symbols, leaked,
                        settings_.most_spans != 0 ? settings_.most_spans : write::kMostViewSpans,
                        names_, truncated_));
    if (view_.report.processes.size() > 1)
      truncated_.push_back("timeline: of process " + std::to_string(process.trace.pid) +
                           " alone; name another one's recording to see its own");
  }

  static std::optional<Profile> sum_of(const std::vector<Loaded>& processes,
                                       const ProfileType& type) {
    std::optional<Profile> sum;
    for (const Loaded& loaded : processes)
      if (std::optional<Profile> one = type.build(loaded, analyze::TaskStacks::both))
        sum = sum ? merge(*sum, *one) : std::move(*one);
    return sum;
  }

  void add_profiles() {
    // The builders take a process as it was loaded.
    std::vector<Loaded> processes;
    for (ProcessReport& report : view_.report.processes) {
      processes.emplace_back().report = std::move(report);
      std::erase_if(processes.back().report.trace.contention,
                    [](const Contention& cost) { return !analyze::synchronizes(cost.kind); });
    }
    for (const char* name : kProfiles) {
      const ProfileType& type = profile_type(name);
      const std::optional<Profile> profile = sum_of(processes, type);
      if (!profile) {
        absent_[std::string("profile.") + name] =
            std::string("not recorded: track run ") + type.options + " -- CMD";
        continue;
      }
      const std::optional<Profile> base = sum_of(base_, type);
      const bool comparable = base && base->value_types == profile->value_types;
      const std::string section = "profile." + std::to_string(profiles_.size());
      std::vector<double> total(profile->value_types.size());
      for (const ProfileSample& sample : profile->samples)
        for (size_t v = 0; v < total.size(); ++v) total[v] += static_cast<double>(sample.values[v]);
      Json types = Json::array();
      for (const ValueType& value : profile->value_types)
        types.push_back({{"type", value.type}, {"unit", value.unit}});
      profiles_.push_back({{"section", section},
                           {"type", name},
                           {"value_types", std::move(types)},
                           {"shown", profile->shown},
                           {"comments", profile->comments},
                           {"total", total}});
      view_.bundle.add(section,
                       write::view_profile(*profile, comparable ? &*base : nullptr, names_));
    }
    for (size_t i = 0; i < processes.size(); ++i)
      view_.report.processes[i] = std::move(processes[i].report);
  }

  std::string meta() const {
    Json processes = Json::array(), dumps = Json::array();
    std::vector<std::string> warnings, not_visible;
    std::map<std::string, uint64_t> lost;
    TaskCounts counts;
    for (const ProcessReport& process : view_.report.processes) {
      const Trace& trace = process.trace;
      processes.push_back(
          {{"pid", trace.pid}, {"program", trace.program}, {"end", process_end_name(trace.end)}});
      dumps.push_back({{"label", trace.source}, {"taken_ms", realtime_of(trace) / 1'000'000}});
      warnings.insert(warnings.end(), trace.warnings.begin(), trace.warnings.end());
      not_visible.insert(not_visible.end(), trace.not_visible.begin(), trace.not_visible.end());
      for (const auto& [kind, count] : trace.lost) lost[kind] += count;
      counts.add(trace);
    }
    static const Trace nothing;
    const Trace& first =
        view_.report.processes.empty() ? nothing : view_.report.processes.front().trace;
    const Json json{
        {"schema", 1},
        {"program", first.program},
        {"pid", first.pid},
        {"command_line", first.command_line},
        {"taken_realtime_ms", realtime_of(first) / 1'000'000},
        {"uptime_ns", first.taken_ns > first.start_ns ? first.taken_ns - first.start_ns : 0},
        {"live", settings_.live},
        {"version", TRACK_VERSION},
        {"complete", view_.report.complete()},
        {"lost", write::lost_json(lost)},
        {"warnings", warnings},
        {"not_visible", not_visible},
        {"notes", view_.report.notes},
        {"counts", write::task_counts_json(counts)},
        {"processes", std::move(processes)},
        {"dumps", std::move(dumps)},
        {"profiles", profiles_},
        {"truncated", truncated_},
        {"absent", absent_}};
    return write::dump_json(json);
  }

  const std::vector<Loaded>& base_;
  const ViewSettings& settings_;
  View view_;
  write::ViewNames names_;
  std::vector<std::string> truncated_;
  std::map<std::string, std::string> absent_;
  Json profiles_ = Json::array();
};

}  // namespace

SymbolSettings symbols_for_view(SymbolSettings settings) {
  settings.heap = settings.contention = settings.history = settings.schedules = true;
  return settings;
}

View make_view(std::vector<Loaded> processes, const std::vector<Loaded>& base,
               const ViewSettings& settings) {
  return Maker(base, settings).make(std::move(processes));
}

}  // namespace track::verbs
