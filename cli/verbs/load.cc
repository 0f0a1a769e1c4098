#include "cli/verbs/load.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "cli/analyze/deadlock.h"
#include "cli/analyze/fail_on.h"
#include "cli/analyze/judge.h"
#include "cli/analyze/lock_order.h"
#include "cli/analyze/marks.h"
#include "cli/analyze/recycled.h"
#include "cli/analyze/suppressions.h"
#include "cli/model/error.h"
#include "cli/model/told.h"
#include "cli/model/told_waits.h"
#include "cli/model/words.h"
#include "cli/process/channel_ends.h"
#include "cli/process/ended_threads.h"
#include "cli/process/fibers.h"
#include "cli/process/image.h"
#include "cli/process/live_memory.h"
#include "cli/process/locate.h"
#include "cli/process/observe.h"
#include "cli/process/proc.h"
#include "cli/process/running.h"
#include "cli/process/schedule.h"
#include "cli/process/stacks.h"
#include "cli/process/unrecorded.h"
#include "cli/read/blocks.h"
#include "cli/read/declared.h"
#include "cli/read/dump.h"
#include "cli/read/history.h"
#include "cli/read/recording.h"
#include "cli/verbs/baseline.h"
#include "cli/verbs/interrupt.h"
#include "cli/verbs/levels.h"
#include "cli/verbs/name_cache.h"
#include "cli/verbs/prove.h"
#include "cli/verbs/sanitizer_logs.h"
#include "cli/verbs/series.h"
#include "cli/verbs/tracker_options.h"
#include "cli/verbs/untracked.h"
#include "cli/verbs/verbs.h"

namespace track::verbs {
namespace {

read::Bytes recorded_bytes(pid_t pid, const process::RecordingPlace& place) {
  return place.path.empty() ? read::Bytes::process(pid, place.address, place.bytes)
                            : read::Bytes::file(place.path);
}

Trace read_live(pid_t pid, const process::RecordingPlace& place) {
  const std::string source = "pid " + std::to_string(pid);
  Trace trace = read::read_recording(recorded_bytes(pid, place), source, true);
  // An end that has begun, and is not over yet, is known already.
  if (trace.end == ProcessEnd::unknown) trace.end = ProcessEnd::alive;
  // A recorded pid is that of the process's own namespace.
  trace.pid = pid;
  return trace;
}

Trace observe(pid_t pid, const process::RecordingPlace& place, const SymbolSettings& settings) {
  Trace trace = read_live(pid, place);
  process::observe_threads(trace);
  const ProcessImage asleep = process::observe_unpublished(trace);
  process::note_channels(trace);
  process::observe_fibers(trace);
  process::read_lock_words(trace);
  process::read_ended_threads(trace);
  process::add_mapped_modules(trace);
  // Who waits since before `track attach` is seen from outside, as in a process without a record.
  if (trace.attached && !asleep.threads.empty()) {
    Names names(trace, settings, pid);
    process::name_waits(trace, asleep, names.function_lookup());
  }
  return trace;
}

// What happened lately; and, where that is asked for, for a while from now on.
class RecordedHistory {
 public:
  RecordedHistory(pid_t pid, const read::Bytes& bytes, const SymbolSettings& settings)
      : wanted_(settings.history), tape_(bytes), levels_(pid, bytes) {
    if (!wanted_) return;
    if (settings.watch.count() == 0)
      tape_.read();
    else
      tape_.watch(settings.watch, interrupted(), [&] { levels_.look(); });
  }

  void into(Trace& trace) const {
    if (!wanted_) return;
    tape_.into(trace);
    levels_.into(trace.history);
  }

 private:
  bool wanted_;
  read::RingTape tape_;
  LevelWatch levels_;
};

analyze::Deadlocks confirmed_deadlocks(pid_t pid, const process::RecordingPlace& place,
                                       const SymbolSettings& settings,
                                       const ProcessReport& report) {
  analyze::Deadlocks found = analyze::find_deadlocks(report.trace, report.symbols);
  if (found.findings.empty()) return found;
  std::this_thread::sleep_for(kSecondLook);
  Trace later = observe(pid, place, settings);
  use_told_waits(later);
  if (analyze::find_deadlocks(later, report.symbols).findings.empty()) return {};
  analyze::keep_unmoved(found, report.trace, later);
  return found;
}

// There is a recording of a later image of that process.
bool followed(const std::string& path) {
  const read::RecordingFile name = read::parse_recording_name(path);
  const std::string directory = std::filesystem::path(path).parent_path().string();
  for (const read::RecordingFile& other :
       read::list_recordings(directory.empty() ? "." : directory))
    if (other.pid == name.pid && other.number > name.number) return true;
  return false;
}

// The process has replaced its program since (exec): it goes on, or left a later recording.
bool superseded(const std::string& path, const Trace& trace) {
  if (followed(path)) return true;
  const read::RecordingFile name = read::parse_recording_name(path);
  const uint64_t born = process::start_time_ns(name.pid, name.pid);
  return born != 0 && born <= trace.start_ns;
}

// A copy that a process made of its recording while it ran: as good as a dump without memory.
void take_for_dump(const std::string& path, Loaded& loaded) {
  Trace& trace = loaded.report.trace;
  if (trace.end == ProcessEnd::unknown) trace.end = ProcessEnd::alive;
  loaded.dump.path = path;
  loaded.dump.file_bytes = trace.file_bytes;
  loaded.dump.taken_realtime_ns = trace.copied_realtime_ns;
  loaded.fixpoint.lock_escape =
      "whether a signal handler of the program may take a thread out of its wait stands in memory "
      "only, which this copy lacks";
  loaded.report.note = "judged from a copy that it made of its record (track_dump)";
  trace.not_visible.emplace_back(
      "the process's memory: a copy that it made of its record (track_dump) holds none, so nothing "
      "is "
      "said of what only memory tells (coroutines that nothing refers to, tasks that nobody can "
      "wake)");
}

// Those in it; else those of the one `track run --dir PATH` that left or leaves any below it.
std::vector<read::RecordingFile> recordings_in(const std::string& path) {
  std::vector<read::RecordingFile> files = read::list_recordings(path);
  if (!files.empty()) return files;
  std::vector<std::string> runs;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("run.") && !name.starts_with("kept.")) continue;
    if (!entry.is_directory(error) || access(entry.path().c_str(), R_OK) != 0) continue;
    auto below = read::list_recordings(entry.path().string());
    if (below.empty()) continue;
    runs.push_back(entry.path().string());
    files = std::move(below);
  }
  if (runs.empty()) throw Error("there is no recording (rec.PID.N) in " + path);
  if (runs.size() == 1) return files;
  std::sort(runs.begin(), runs.end());
  throw Error("there are " + std::to_string(runs.size()) + " runs with recordings in " + path +
              "; name one, such as " + runs.back());
}

std::vector<Loaded> load_directory(const std::string& path, const SymbolSettings& symbols,
                                   bool confirm) {
  const auto files = recordings_in(path);
  std::vector<Loaded> result;
  std::vector<std::string> unread;
  for (size_t i = 0; i < files.size(); ++i) {
    try {
      result.push_back(load_recording(files[i].path, symbols, confirm));
    } catch (const Error& error) {
      unread.emplace_back(error.what());
    }
  }
  if (result.empty()) throw Error(unread.front());
  for (const std::string& why : unread)
    result.front().report.trace.warnings.push_back("left out: " + why);
  return result;
}

// --min-age: a task that is young may end yet, unless it is proved that it cannot. Of a group those
// that are old enough stay; ages of memory and of lock orders are no tasks'.
void leave_out_young(Report& report, uint64_t min_age_ns) {
  uint64_t left_out = 0;
  for (ProcessReport& process : report.processes)
    std::erase_if(process.findings, [&](Finding& finding) {
      if (finding.evidence == Evidence::proved || finding.tasks.empty()) return false;
      const size_t young = std::erase_if(
          finding.tasks, [&](const FindingTask& task) { return task.age_ns < min_age_ns; });
      left_out += young;
      finding.count -= std::min<uint64_t>(young, finding.count);
      if (young != 0) finding.age_min_ns = std::max(finding.age_min_ns, min_age_ns);
      return finding.tasks.empty();
    });
  if (left_out != 0)
    report.notes.push_back(count_text(left_out, "task") + " younger than " +
                           duration_text(min_age_ns) + " left out (--min-age)");
}

std::vector<analyze::Suppression> load_suppressions(std::vector<std::string> files) {
  if (const char* more = std::getenv("TRACK_SUPPRESSIONS"); more != nullptr) {
    std::stringstream list(more);
    for (std::string path; std::getline(list, path, ':');)
      if (!path.empty()) files.push_back(path);
  }
  std::vector<analyze::Suppression> all;
  for (const std::string& path : files) {
    std::ifstream file(path);
    std::stringstream text;
    if (!file || !(text << file.rdbuf()))
      if (!file || file.peek() != std::ifstream::traits_type::eof())
        throw Error("cannot read the suppressions in " + path);
    auto more = analyze::parse_suppressions(text.str(), path);
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
  return all;
}

// Those that a process brings along (track_default_suppressions); fork children share theirs.
class OwnSuppressions {
 public:
  std::vector<analyze::Suppression>& of(const Trace& trace) {
    std::string text;
    for (const std::string& line : trace.suppressions) text += line + "\n";
    const auto [entry, fresh] = by_text_.try_emplace(text);
    if (fresh)
      entry->second = analyze::parse_suppressions(
          text, "track_default_suppressions() of " + base_name(trace.program));
    return entry->second;
  }
  void add_to(std::vector<analyze::Suppression>& all) const {
    for (const auto& [text, own] : by_text_) all.insert(all.end(), own.begin(), own.end());
  }

 private:
  std::map<std::string, std::vector<analyze::Suppression>> by_text_;
};

}  // namespace

Trace observe_live(pid_t pid) {
  Trace trace = observe(pid, process::locate_recording(pid), SymbolSettings{});
  use_told_waits(trace);
  return trace;
}

Loaded load_live(pid_t pid, const SymbolSettings& settings, bool confirm, NameCache* kept_names) {
  const process::RecordingPlace place = process::locate_recording(pid);
  const RecordedHistory history(pid, recorded_bytes(pid, place), settings);
  Loaded loaded;
  loaded.report.trace = observe(pid, place, settings);
  history.into(loaded.report.trace);
  if (settings.schedules) process::read_schedules(loaded.report.trace);
  read::read_heap(recorded_bytes(pid, place), settings.heap, loaded.report.trace);
  if (!settings.contention) analyze::keep_suspect_orders(loaded.report.trace);
  NameCache own_names;
  NameCache& cache = kept_names != nullptr ? *kept_names : own_names;
  const auto kept = cache.of(loaded.report.trace, settings, pid);
  Names& names = *kept;
  process::inspect_coroutines(loaded.report.trace, true, names.code_lookup());
  std::optional<bool> has_coroutines = names.has_coroutines();
  const bool on_suspicion = !has_coroutines;
  if (on_suspicion && !confirm && cache.searched_lately()) has_coroutines = false;
  const process::Unrecorded unrecorded(loaded.report.trace, names.code_lookup(), has_coroutines);
  if (on_suspicion && !has_coroutines) cache.searched(!loaded.report.trace.coroutines.empty());
  process::read_await_points(loaded.report.trace, process::LiveMemory(pid),
                             names.coroutine_lookup());
  unrecorded.drop_stale(loaded.report.trace);
  process::find_running(loaded.report.trace, names.code_names());
  loaded.report.symbols = names.resolve(loaded.report.trace);
  analyze::forget_foreign_stacks(loaded.report.trace, loaded.report.symbols);
  if (confirm) {
    // Threads that are held for the proof are switched, and so seem to have moved: cycles of waits
    // that no record tells apart are looked at twice before that.
    use_told_waits(loaded.report.trace);
    loaded.deadlocks = confirmed_deadlocks(pid, place, settings, loaded.report);
    use_seen_waits(loaded.report.trace);
    loaded.fixpoint = take_fixpoint(
        pid, loaded.report.trace, settings,
        {[&] {
           // What the record does not say has to be seen again.
           return loaded.report.trace.attached || process::any_unpublished(loaded.report.trace)
                      ? observe(pid, place, settings)
                      : read_live(pid, place);
         },
         [&] { return read::read_blocks(recorded_bytes(pid, place)); },
         [&] { return read::read_hidden_references(recorded_bytes(pid, place)); }});
  }
  use_told_waits(loaded.report.trace);
  if (confirm) {
    analyze::doubt_waits(loaded.deadlocks, loaded.report.trace, loaded.fixpoint);
    read::recall_stacks(recorded_bytes(pid, place), loaded.report.trace, loaded.fixpoint);
    names.name_types(loaded.fixpoint, process::LiveMemory(pid));
    names.name_objects(loaded.report.trace, loaded.fixpoint, loaded.report.symbols);
  }
  return loaded;
}

Loaded load_recording(const std::string& path, const SymbolSettings& settings, bool confirm,
                      NameCache* kept_names) {
  const pid_t named = read::parse_recording_name(path).pid;
  if (const pid_t pid = process::writer_of(path, named); pid != 0)
    return load_live(pid, settings, confirm, kept_names);
  Loaded loaded;
  Trace& trace = loaded.report.trace;
  trace = read::read_recording(path, false);
  const bool copied = trace.copy_began_ns != 0;
  if (copied) {
    take_for_dump(path, loaded);
  } else {
    trace.gone = true;
    if (trace.end == ProcessEnd::unknown && superseded(path, trace)) trace.superseded = true;
    if (followed(path)) trace.executed.clear();
  }
  read::read_heap(read::Bytes::file(path), settings.heap, trace);
  if (!settings.contention) analyze::keep_suspect_orders(trace);
  if (settings.history) {
    read::RingTape tape(read::Bytes::file(path));
    tape.read();
    tape.into(trace);
  }
  Names names(trace, settings, 0);
  process::inspect_coroutines(trace, false, names.code_lookup());
  use_told(trace);
  use_told_waits(trace);
  loaded.report.symbols = names.resolve(trace);
  analyze::forget_foreign_stacks(trace, loaded.report.symbols);
  if (confirm) loaded.deadlocks = analyze::find_deadlocks(trace, loaded.report.symbols);
  if (copied) {
    analyze::keep_from_before_copy(loaded.deadlocks, trace);
    analyze::doubt_waits(loaded.deadlocks, trace, loaded.fixpoint);
  }
  return loaded;
}

std::vector<Loaded> load_target(const std::string& target, const SymbolSettings& settings,
                                bool confirm, NameCache* kept_names) {
  std::vector<Loaded> result;
  struct stat status {};
  if (stat(target.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return load_directory(target, settings, confirm);
    if (read::is_dump(target)) return read::read_dump(target);
    result.push_back(process::is_core(target)
                         ? load_core(target, settings, confirm)
                         : load_recording(target, settings, confirm, kept_names));
    return result;
  }
  pid_t pid = 0;
  const char* end = target.data() + target.size();
  const auto number = std::from_chars(target.data(), end, pid);
  if (!all_digits(target) || number.ec != std::errc() || number.ptr != end || pid <= 0)
    throw Error("`" + target +
                "` is neither a PID, nor a recording, a directory of them, a dump or a core file");
  result.push_back(process::find_recording(pid) ? load_live(pid, settings, confirm, kept_names)
                                                : load_untracked(pid, settings, confirm));
  return result;
}

bool all_digits(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The library goes on without what it does not know: of what `track` hands over nothing is wrong.
void tell_wrong_options(const Trace& trace, Report& report) try {
  constexpr size_t kCutOff = 1000;  // the recording keeps no more
  if (trace.options.size() >= kCutOff) return;
  check_option_text(trace.options, "options of " + base_name(trace.program));
} catch (const Error& error) {
  report.notes.push_back(std::string(error.what()) + ": ignored");
}

void judge_findings(Report& report, const JudgeSettings& settings) {
  auto suppressions = load_suppressions(settings.suppressions);
  const analyze::FailOn fail_on =
      settings.fail_on.empty() ? analyze::FailOn() : analyze::FailOn(settings.fail_on);
  const uint64_t min_age = settings.min_age.empty()
                               ? 0
                               : parse_duration_ns(settings.min_age, "--min-age", 1'000'000'000);
  leave_out_young(report, min_age);
  merge_sanitizer_logs(settings.sanitizer_logs, report);
  OwnSuppressions own;
  uint64_t marked = 0;
  for (ProcessReport& process : report.processes) {
    marked += analyze::apply_marks(process.findings, process.trace);
    analyze::apply_suppressions(suppressions, process.findings, process.trace, process.symbols);
    analyze::apply_suppressions(own.of(process.trace), process.findings, process.trace,
                                process.symbols);
    tell_wrong_options(process.trace, report);
    for (Finding& finding : process.findings) finding.failing = fail_on.fails(finding);
  }
  own.add_to(suppressions);
  if (marked != 0) report.suppressions.push_back({analyze::kMarkedByProgram, marked});
  for (const analyze::Suppression& suppression : suppressions) {
    if (suppression.hits != 0)
      report.suppressions.push_back({suppression.text, suppression.hits});
    else
      report.unused_suppressions.push_back(suppression.text + " (" + suppression.place + ")");
  }
  if (!settings.baseline.empty()) apply_baseline(settings, report);
}

Report make_report(std::vector<Loaded> processes, const JudgeSettings& settings) {
  Report report;
  for (Series& series : into_series(std::move(processes))) {
    Loaded& loaded = series.last;
    ProcessReport& process = loaded.report;
    if (!series.earlier.empty()) report.notes.push_back(series.note());
    std::move(loaded.notes.begin(), loaded.notes.end(), std::back_inserter(report.notes));
    const std::vector<std::string>& unseen = loaded.fixpoint.not_visible;
    process.trace.not_visible.insert(process.trace.not_visible.end(), unseen.begin(), unseen.end());
    process.trace.pause_ns += loaded.fixpoint.held_ns;
    if (loaded.fixpoint.held_ns != 0) process.trace.pause_for = loaded.fixpoint.pause_for;
    process.findings = analyze::judge(process.trace, process.symbols, std::move(loaded.deadlocks),
                                      loaded.fixpoint);
    std::vector<Finding> growing = find_growth(series);
    std::move(growing.begin(), growing.end(), std::back_inserter(process.findings));
    // What a dump says of it was another gate's, or nobody's.
    for (Finding& finding : process.findings) {
      finding.suppressed_by.clear();
      finding.baseline = BaselineState::none;
    }
    report.processes.push_back(std::move(process));
  }
  judge_findings(report, settings);
  return report;
}

}  // namespace track::verbs
