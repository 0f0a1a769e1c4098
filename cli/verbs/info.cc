#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>
#include <set>

#include "cli/model/memory.h"
#include "cli/model/words.h"
#include "cli/process/tracker_cost.h"
#include "cli/verbs/load.h"
#include "cli/verbs/verbs.h"
#include "cli/write/json.h"
#include "cli/write/json_parts.h"
#include "cli/write/text.h"

namespace track::verbs {
namespace {

struct InfoSettings {
  std::string target;
  OutputSettings output;
};

std::string time_text(uint64_t realtime_ns) {
  const auto seconds = static_cast<std::time_t>(realtime_ns / 1'000'000'000);
  std::tm local{};
  char text[40] = "unknown";
  if (realtime_ns != 0 && localtime_r(&seconds, &local) != nullptr)
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  return text;
}

std::string started_text(const Trace& trace) {
  const uint64_t seen = trace.taken_ns > trace.start_ns ? trace.taken_ns - trace.start_ns : 0;
  return fmt::format("{}, {} {}", time_text(trace.start_realtime_ns),
                     trace.gone ? "last seen after" : "running for", duration_text(seen));
}

// Of a process that lives: what the tracker takes of its memory.
std::optional<process::TrackerCost> cost_of(const Loaded& loaded) {
  const Trace& trace = loaded.report.trace;
  if (!loaded.dump.path.empty() || trace.gone || trace.end != ProcessEnd::alive ||
      trace.tracker.recording == 0)
    return std::nullopt;
  return process::tracker_cost(trace.pid, trace.tracker);
}

std::string cost_text(const std::optional<process::TrackerCost>& cost) {
  if (!cost) return "";
  return fmt::format("the recording {}, beside it {}", bytes_text(cost->recording_resident_bytes),
                     bytes_text(cost->own_resident_bytes));
}

// What a dump keeps of the process's memory: words that lie beside each other are one range.
std::vector<AddressRange> kept_memory(const Loaded& loaded) {
  std::set<uint64_t> words;
  for (const auto& [address, word] : loaded.report.trace.memory) words.insert(address);
  for (const std::vector<RetentionStep>& way : loaded.fixpoint.retentions)
    for (const RetentionStep& step : way) {
      if (step.head != 0) words.insert(step.address);
      if (step.target != 0) words.insert(step.reference);
    }
  std::vector<AddressRange> ranges;
  for (const uint64_t address : words)
    if (!ranges.empty() && address <= ranges.back().end)
      ranges.back().end = address + sizeof(uint64_t);
    else
      ranges.push_back({address, address + sizeof(uint64_t)});
  return ranges;
}

std::string memory_text(const Loaded& loaded) {
  constexpr size_t kMostRanges = 64;  // in text; JSON has all
  if (loaded.dump.path.empty()) return {};
  const std::vector<AddressRange> ranges = kept_memory(loaded);
  if (ranges.empty()) return "none";
  uint64_t bytes = 0;
  for (const AddressRange& range : ranges) bytes += range.end - range.start;
  std::string text = fmt::format("{} bytes, words of locks and on the ways to kept tasks: ", bytes);
  for (size_t i = 0; i < std::min(ranges.size(), kMostRanges); ++i)
    text += fmt::format("{}{} at {:#x}", i == 0 ? "" : ", ", ranges[i].end - ranges[i].start,
                        ranges[i].start);
  if (ranges.size() > kMostRanges)
    text += fmt::format(", and {} more places (--json)", ranges.size() - kMostRanges);
  return text;
}

write::Json memory_json(const Loaded& loaded) {
  write::Json all = write::Json::array();
  for (const AddressRange& range : kept_memory(loaded))
    all.push_back({{"address", range.start}, {"bytes", range.end - range.start}});
  return all;
}

void describe(write::Page& page, const Loaded& loaded) {
  const Trace& trace = loaded.report.trace;
  const DumpOrigin& dump = loaded.dump;
  std::string command;
  for (const std::string& argument : trace.command_line)
    command += (command.empty() ? "" : " ") + argument;
  const auto row = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) page.wrapped(fmt::format("{:<14}{}", name, value), 0, 14);
  };
  if (!dump.path.empty())
    row("dump", fmt::format("{}, {}, taken {}", dump.path, bytes_text(dump.file_bytes),
                            time_text(dump.taken_realtime_ns)));
  row("recording", trace.source + ", " + bytes_text(trace.file_bytes) + " (sparse)");
  row("program", trace.program);
  row("command", command);
  row("pid",
      fmt::format("{} (parent {}){}", trace.pid, trace.parent_pid, trace.forked ? ", forked" : ""));
  row("started", started_text(trace));
  row("state", process_end_text(trace) + (trace.recording ? "" : ", recording is off"));
  row("executed", trace.executed.empty() ? "" : trace.executed + ", which was not tracked");
  row("options", trace.options);
  row("threads", fmt::format("{} in the table; {} created, {} ended, {} joined, {} detached",
                             trace.threads.size(), trace.threads_created, trace.threads_ended,
                             trace.threads_joined, trace.threads_detached));
  row("coroutines", fmt::format("{} live; {} created, {} destroyed, {} seen only when freed",
                                trace.coroutines.size(), trace.coroutines_created,
                                trace.coroutines_destroyed, trace.untracked_coroutines));
  if (trace.fibers_created != 0)
    row("fibers", fmt::format("{} live; {} created", trace.fibers.size(), trace.fibers_created));
  row("heap", write::heap_text(trace));
  row("CPU time", cpu_text(trace.cpu));
  row("its memory", cost_text(cost_of(loaded)));
  row("memory kept", memory_text(loaded));
  row("modules", std::to_string(trace.modules.size()));
  row("history", fmt::format("{}, {} overwritten", count_text(trace.events, "event"),
                             grouped(trace.events_overwritten)));
  const std::string loss = write::loss_text(trace);
  row("lost", loss.empty() ? "nothing" : loss);
  for (const std::string& warning : trace.warnings) row("damage", warning);
  for (const std::string& item : trace.not_visible) row("not visible", item);
}

write::Json info_json(const Loaded& loaded) {
  const Trace& trace = loaded.report.trace;
  write::Json json{{"source", trace.source},
                   {"program", trace.program},
                   {"command_line", trace.command_line},
                   {"pid", trace.pid},
                   {"parent_pid", trace.parent_pid},
                   {"forked", trace.forked},
                   {"recording", trace.recording},
                   {"start_realtime_ns", trace.start_realtime_ns},
                   {"seen_ns", trace.taken_ns - std::min(trace.taken_ns, trace.start_ns)},
                   {"end", process_end_name(trace.end)},
                   {"options", trace.options},
                   {"file_bytes", trace.file_bytes},
                   {"modules", trace.modules.size()},
                   {"events", trace.events},
                   {"events_overwritten", trace.events_overwritten},
                   {"complete", trace.complete()},
                   {"lost", write::lost_json(trace.lost)},
                   {"damage", trace.warnings},
                   {"tasks", write::task_counts_json(trace)}};
  const HeapTable& heap = trace.heap;
  if (heap.record == HeapRecord::kept || heap.record == HeapRecord::sampled)
    json["heap"] = {{"blocks", heap.blocks},
                    {"bytes", heap.bytes},
                    {"peak_bytes", heap.peak_bytes},
                    {"sites", heap.sites.size()}};
  if (heap.record == HeapRecord::sampled)
    json["heap"].update({{"period", heap.period}, {"samples", heap.samples}});
  if (const auto cost = cost_of(loaded))
    json["tracker_memory"] = {{"recording_bytes", cost->recording_bytes},
                              {"recording_resident_bytes", cost->recording_resident_bytes},
                              {"own_bytes", cost->own_bytes},
                              {"own_resident_bytes", cost->own_resident_bytes}};
  if (!loaded.dump.path.empty())
    json["dump"] = {{"path", loaded.dump.path},
                    {"file_bytes", loaded.dump.file_bytes},
                    {"taken_realtime_ns", loaded.dump.taken_realtime_ns},
                    {"memory_kept", memory_json(loaded)}};
  return json;
}

void info(const InfoSettings& settings) {
  write::Page page(text_options(settings.output, STDOUT_FILENO));
  write::Json all = write::Json::array();
  bool first = true;
  for (const Loaded& loaded : load_target(settings.target, {}, false)) {
    if (!first) page.line();
    first = false;
    describe(page, loaded);
    all.push_back(info_json(loaded));
  }
  if (!settings.output.json.empty())
    write::write_file(settings.output.json,
                      write::dump_json({{"schema_version", 1}, {"recordings", all}}));
  if (settings.output.json != "-") print(page.take());
}

}  // namespace

void add_info(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<InfoSettings>();
  CLI::App* verb = app.add_subcommand("info", "what a recording holds, and what it lost");
  verb->add_option("TARGET", settings->target, "PID, recording, directory, dump or core file")
      ->required();
  add_output_flags(*verb, settings->output);
  verb->callback([settings, &exit_code] {
    info(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
