// `track trace`: what each task did lately, for timeline viewers.
#include <chrono>
#include <memory>

#include "cli/analyze/timeline.h"
#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/verbs/load.h"
#include "cli/verbs/verbs.h"
#include "cli/write/chrome_trace.h"
#include "cli/write/firefox_profile.h"
#include "cli/write/json.h"
#include "cli/write/perfetto.h"

namespace track::verbs {
namespace {

struct TraceSettings {
  std::string target, file, seconds, format = "perfetto";
  SymbolSettings symbols;
};

std::string formatted(const std::string& format, const Timeline& timeline, const Trace& trace,
                      const Symbols& symbols) {
  if (format == "chrome") return write::chrome_trace(timeline);
  if (format == "firefox") return write::firefox_profile(timeline, trace, symbols);
  return write::perfetto(timeline, trace, symbols);
}

constexpr uint64_t kSecond = 1'000'000'000, kLongest = 3600 * kSecond;

SymbolSettings with_history(const TraceSettings& settings) {
  SymbolSettings symbols = settings.symbols;
  symbols.history = symbols.schedules = true;
  if (settings.seconds.empty()) return symbols;
  const uint64_t ns = parse_duration_ns(settings.seconds, "--seconds", kSecond);
  if (ns == 0 || ns > kLongest)
    throw Error("--seconds: `" + settings.seconds + "` is not a time of up to an hour");
  symbols.watch = std::chrono::nanoseconds(ns);
  return symbols;
}

void trace(const TraceSettings& settings) {
  const SymbolSettings wanted = with_history(settings);
  write::require_writable(settings.file);
  std::vector<Loaded> processes = load_target(settings.target, wanted, false);
  if (processes.size() != 1)
    throw Error("a timeline shows one process, and `" + settings.target + "` has " +
                std::to_string(processes.size()) + ": name one of its recordings");
  const Trace& trace = processes.front().report.trace;
  const Symbols& symbols = processes.front().report.symbols;
  Timeline timeline = analyze::build_timeline(trace, symbols);
  if (!trace.prepared)
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
  verb->add_option("--seconds", settings->seconds,
                   "watch a running process for so long, from now on (Ctrl-C: enough)");
  add_symbol_flags(*verb, settings->symbols);
  verb->callback([settings, &exit_code] {
    trace(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
