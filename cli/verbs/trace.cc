// `track trace`: what each task did lately, for timeline viewers.
#include <sys/stat.h>

#include <memory>
#include <optional>
#include <unordered_set>

#include "cli/analyze/timeline.h"
#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/process/image.h"
#include "cli/process/locate.h"
#include "cli/process/schedule.h"
#include "cli/read/dump.h"
#include "cli/read/history.h"
#include "cli/read/recording.h"
#include "cli/verbs/load.h"
#include "cli/verbs/names.h"
#include "cli/verbs/verbs.h"
#include "cli/write/chrome_trace.h"
#include "cli/write/firefox_profile.h"
#include "cli/write/json.h"
#include "cli/write/perfetto.h"

namespace track::verbs {
namespace {

struct TraceSettings {
  std::string target, file, format = "perfetto";
  SymbolSettings symbols;
};

// Where the rings are; nothing: a dump, a core file, a process without libtrack.so.
std::optional<read::Bytes> ring_bytes(const std::string& target) {
  struct stat status {};
  if (stat(target.c_str(), &status) != 0) {
    const auto pid = static_cast<pid_t>(std::strtoul(target.c_str(), nullptr, 10));
    const auto place = process::find_recording(pid);
    if (!place) return std::nullopt;
    return place->path.empty() ? read::Bytes::process(pid, place->address, place->bytes)
                               : read::Bytes::file(place->path);
  }
  if (S_ISDIR(status.st_mode)) return read::Bytes::file(read::list_recordings(target).at(0).path);
  if (read::is_dump(target) || process::is_core(target)) return std::nullopt;
  return read::Bytes::file(target);
}

std::unordered_map<uint64_t, Schedule> schedules_of(const Trace& trace) {
  std::unordered_map<uint64_t, Schedule> schedules;
  for (const Thread& thread : trace.threads)
    if (const auto schedule = process::schedule_of(trace.pid, thread.tid))
      schedules[thread.id] = *schedule;
  return schedules;
}

std::string formatted(const std::string& format, const Timeline& timeline, const Trace& trace,
                      const Symbols& symbols) {
  if (format == "chrome") return write::chrome_trace(timeline);
  if (format == "firefox") return write::firefox_profile(timeline, trace, symbols);
  return write::perfetto(timeline, trace, symbols);
}

void trace(const TraceSettings& settings) {
  write::require_writable(settings.file);
  std::vector<Loaded> processes = load_target(settings.target, settings.symbols, false);
  if (processes.size() != 1)
    throw Error("a timeline shows one process, and `" + settings.target + "` has " +
                std::to_string(processes.size()) + ": name one of its recordings");
  Trace& trace = processes.front().report.trace;
  Symbols& symbols = processes.front().report.symbols;
  const bool live =
      trace.end == ProcessEnd::alive && !trace.gone && processes.front().dump.path.empty();
  History history;
  const auto bytes = ring_bytes(settings.target);
  if (bytes) {
    history = read::read_history(*bytes, live, trace);
    Names names(trace, settings.symbols, live ? trace.pid : 0);
    std::unordered_set<StackIndex> stacks;
    std::unordered_set<uint64_t> objects;
    for (const HistoryEvent& event : history.events) {
      stacks.insert(event.stack);
      if (event.kind == HistoryKind::wait_ended) objects.insert(event.object);
    }
    names.resolve_more(trace, stacks, objects, symbols);
  }
  Timeline timeline = analyze::build_timeline(
      trace, symbols, history, live ? schedules_of(trace) : decltype(schedules_of(trace))());
  if (!bytes)
    timeline.comments.push_back(
        "there is no history here: what is shown is the state of one moment");
  write::write_file(settings.file, formatted(settings.format, timeline, trace, symbols));
  if (settings.file == "-") return;
  size_t slices = 0;
  for (const TimelineTrack& track : timeline.tracks) slices += track.slices.size();
  std::string text = settings.file + ": " + count_text(timeline.tracks.size(), "task") + ", " +
                     count_text(slices, "slice");
  for (const std::string& comment : timeline.comments) text += "\n  " + comment;
  const char* viewer = settings.format == "perfetto"  ? "https://ui.perfetto.dev"
                       : settings.format == "firefox" ? "https://profiler.firefox.com"
                                                      : "chrome://tracing";
  print(text + "\nopen it in " + viewer + "\n");
}

}  // namespace

void add_trace(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<TraceSettings>();
  CLI::App* verb = app.add_subcommand("trace", "what each task did lately, as a timeline");
  verb->add_option("TARGET", settings->target,
                   "PID (prepared or not), recording, directory, dump or core file")
      ->required();
  verb->add_option("-o,--output", settings->file, "file to write (- = standard output)")
      ->required();
  verb->add_option("--format", settings->format, "perfetto (default), firefox or chrome")
      ->check(CLI::IsMember({"perfetto", "firefox", "chrome"}));
  add_symbol_flags(*verb, settings->symbols);
  verb->callback([settings, &exit_code] {
    trace(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
