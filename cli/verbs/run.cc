// `track run` and `track check`: one command under libtrack, one report when it is over. check is
// the gate: it refuses to pass a program that it could not see.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>

#include "cli/analyze/fail_on.h"
#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/process/binary.h"
#include "cli/verbs/baseline.h"
#include "cli/verbs/check_dumps.h"
#include "cli/verbs/hang_page.h"
#include "cli/verbs/merge.h"
#include "cli/verbs/reports.h"
#include "cli/verbs/saved_report.h"
#include "cli/verbs/supervisor.h"
#include "cli/verbs/tracker_options.h"
#include "cli/verbs/verbs.h"
#include "cli/verbs/view.h"
#include "cli/write/json.h"
#include "cli/write/text.h"

namespace track::verbs {
namespace {

// Those that CTest can be told to send: TIMEOUT_SIGNAL_NAME.
constexpr std::array kTimeoutSignals = {SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

struct RunSettings {
  std::vector<std::string> command;
  std::string settle = "500ms", timeout, directory, dump;
  std::vector<std::string> timeout_signals;
  std::vector<std::string> merge;
  bool keep = false;
  bool check = false;
  TrackerOptions tracker;
  SymbolSettings symbols;
  JudgeSettings judge;
  OutputSettings output;
};

void print_report(const Report& report, const OutputSettings& output) {
  const std::string text = write::text_report(report, text_options(output, STDERR_FILENO));
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

SupervisorSettings supervisor_settings(const RunSettings& settings, const Session& session) {
  SupervisorSettings result;
  result.child.library = find_library();
  result.child.arguments = settings.command;
  result.child.options = settings.tracker.text();
  if (!result.child.options.empty()) result.child.options += ":";
  // Lost blocks are to be told with the place that allocated them.
  if (settings.symbols.memory && !settings.tracker.says("alloc"))
    result.child.options += "alloc=exact:";
  result.child.options += fmt::format("dir={}:reader={}:keep=1", session.path(), getpid());
  result.symbols = settings.symbols;
  result.symbols.heap = result.symbols.contention = result.symbols.history = !settings.dump.empty();
  if (settings.output.reports.page) result.symbols = symbols_for_view(result.symbols);
  result.settle =
      std::chrono::nanoseconds(parse_duration_ns(settings.settle, "--settle", 1'000'000));
  if (!settings.timeout.empty())
    result.timeout =
        std::chrono::nanoseconds(parse_duration_ns(settings.timeout, "--timeout", 1'000'000'000));
  for (const std::string& name : settings.timeout_signals)
    for (const int signal : kTimeoutSignals)
      if (signal_text(signal) == name) result.timeout_signals.push_back(signal);
  return result;
}

// signal: that said so; 0 = --timeout did.
std::string time_up_text(const RunSettings& settings, int signal) {
  return signal != 0
             ? signal_text(signal) + " said that the time is up"
             : "the time was up (" +
                   duration_text(parse_duration_ns(settings.timeout, "--timeout", 1'000'000'000)) +
                   ")";
}

// A process went on as a program that was not tracked: as which one, and why.
std::string executed_note(const Trace& trace) {
  std::string why =
      "LD_PRELOAD was not in its environment any more (env -i, sudo and the like; put track run "
      "behind what clears it), it could make no recording (it is another user's since then, as "
      "after su or setpriv, or there was no room), or it was killed at once";
  try {
    const std::string blocker = process::inspect_command(trace.executed).blocker();
    if (!blocker.empty()) why = blocker;
  } catch (const Error&) {
    why = "libtrack.so was not loaded";  // it was named from elsewhere
  }
  return fmt::format("process {} ({}) executed {}, which was not tracked: {}", trace.pid,
                     base_name(trace.program), trace.executed, why);
}

// Which of the processes that the program started had no chance to show what they leave behind.
std::string cut_short_note(const Outcome& outcome) {
  std::string which;
  uint64_t told = 0;
  for (const Loaded& loaded : outcome.processes) {
    const Trace& trace = loaded.report.trace;
    if (&loaded == &outcome.processes.front() && outcome.root_recorded) continue;
    if (!trace.gone || trace.superseded) continue;
    if (trace.end != ProcessEnd::unknown && trace.end != ProcessEnd::aborted) continue;
    which += fmt::format("{}{} ({})", told++ == 0 ? "" : ", ", trace.pid, base_name(trace.program));
  }
  if (told < outcome.cut_short) which += fmt::format(" and {} more", outcome.cut_short - told);
  return fmt::format(
      "{} ended without a word (killed, or by a raw system call): {}",
      outcome.cut_short == 1 ? "1 more process" : grouped(outcome.cut_short) + " more processes",
      which);
}

std::vector<std::string> notes_of(const Outcome& outcome, const RunSettings& settings) {
  std::vector<std::string> notes;
  if (outcome.timed_out)
    notes.push_back(time_up_text(settings, outcome.timeout_signal) + "; the program was ended");
  for (const Loaded& loaded : outcome.processes)
    if (!loaded.report.trace.executed.empty()) notes.push_back(executed_note(loaded.report.trace));
  if (settings.check && outcome.end_unseen)
    notes.push_back("check passes nothing whose end it did not see: exit code 2");
  if (outcome.clean.count != 0)
    notes.push_back(fmt::format("{} more process{} clean", grouped(outcome.clean.count),
                                outcome.clean.count == 1 ? " is" : "es are"));
  if (outcome.cut_short != 0) notes.push_back(cut_short_note(outcome));
  if (outcome.still_running != 0)
    notes.push_back(fmt::format("{} process{} of this run still run{}; see: track ps",
                                outcome.still_running, outcome.still_running == 1 ? "" : "es",
                                outcome.still_running == 1 ? "s" : ""));
  if (WIFSIGNALED(outcome.status) && !outcome.timed_out)
    notes.push_back("the program was killed by " + signal_text(WTERMSIG(outcome.status)));
  return notes;
}

// Nothing of the program can have been missed but what its record says was lost.
bool seen_to_the_end(const Outcome& outcome) {
  return outcome.root_recorded && !outcome.end_unseen && !outcome.timed_out &&
         !WIFSIGNALED(outcome.status) && outcome.still_running == 0 && outcome.cut_short == 0;
}

int child_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int exit_code_of(const Outcome& outcome, const Report& report, const RunSettings& settings) {
  const bool failing = report.failing() != 0;
  if (outcome.timed_out) return failing ? settings.judge.error_exitcode : kTimeout;
  const int code = child_code(outcome.status);
  if (code != 0) return code;
  if (failing) return settings.judge.error_exitcode;
  const bool seen = outcome.root_recorded && !outcome.end_unseen && report.unknown.empty();
  return settings.check && !seen ? kToolError : kClean;
}

// What other programs and other hosts call the run by: a name of its own for every one.
std::string report_path_in(const std::string& directory, const std::string& program) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw Error("--report-dir: cannot make " + directory + ": " + error.message());
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  return fmt::format("{}/{}.{}.{:x}.json", directory, base_name(program), getpid(), ns);
}

RunFacts run_facts(const RunSettings& settings) {
  constexpr size_t kMostName = 120;
  RunFacts facts;
  facts.command = settings.command;
  facts.name = settings.output.name;
  if (facts.name.empty()) {
    facts.name = base_name(settings.command.front());
    for (size_t i = 1; i < settings.command.size(); ++i) facts.name += " " + settings.command[i];
    if (facts.name.size() > kMostName) facts.name = facts.name.substr(0, kMostName - 2) + "..";
  }
  return facts;
}

int run(const RunSettings& settings) {
  // Until there is a report, it says that there is none: whatever ends us.
  RunFacts facts = run_facts(settings);
  const std::string saved =
      settings.output.report_dir.empty()
          ? std::string()
          : report_path_in(settings.output.report_dir, settings.command.front());
  if (!saved.empty()) write::write_file(saved, unfinished_report(facts));
  // Everything that can be wrong is found before the program starts.
  settings.tracker.check();
  const process::Binary binary = process::inspect_command(settings.command.front());
  if (const std::string blocker = binary.blocker(); !blocker.empty())
    throw Error("cannot track this: " + blocker);
  make_report({}, settings.judge);
  require_reports(settings.output);
  write::require_writable(settings.dump);
  Session session(recordings_directory(settings.directory), settings.keep);
  const SupervisorSettings supervisor_set = [&] {
    SupervisorSettings result = supervisor_settings(settings, session);
    result.child.file = binary.scripts.empty() ? binary.path : binary.scripts.front();
    return result;
  }();
  const auto interim = [&](std::vector<Loaded> processes, const std::string& heading) {
    Report report = make_report(std::move(processes), settings.judge);
    report.notes.push_back("this is a report in between: " + heading);
    print_report(report, settings.output);
  };
  const auto hang = [&](const std::vector<pid_t>& processes, int signal) {
    const std::string page = hang_page(processes, time_up_text(settings, signal), settings.symbols,
                                       text_options(settings.output, STDERR_FILENO));
    std::fwrite(page.data(), 1, page.size(), stderr);
  };
  Supervisor supervisor(session, supervisor_set, interim, hang);
  Outcome outcome = supervisor.run();
  if (outcome.still_running != 0) session.keep();
  const std::vector<std::string> notes = notes_of(outcome, settings);
  if (!outcome.processes.empty()) {
    outcome.processes.front().notes = notes;
    if (!settings.dump.empty()) write_dump(settings.dump, outcome.processes);
  }
  const std::string page = report_page(outcome.processes, settings.judge, settings.output.reports);
  Report report = make_report(std::move(outcome.processes), settings.judge);
  report.clean = outcome.clean;
  if (report.processes.empty()) report.notes = notes;
  update_baseline(settings.judge, report, seen_to_the_end(outcome) && report.unknown.empty());
  facts.timed_out = outcome.timed_out;
  facts.seen_to_the_end = seen_to_the_end(outcome);
  facts.exit_code = exit_code_of(outcome, {}, settings);
  report.run = std::move(facts);
  if (session.kept()) report.notes.push_back("recordings are kept in " + session.path());
  if (!outcome.root_recorded)
    std::fprintf(stderr,
                 "track: no recording: %s did not load libtrack.so, or could not write to %s; "
                 "see: track doctor %s\n",
                 binary.path.c_str(), session.path().c_str(), settings.command.front().c_str());
  if (outcome.root_recorded || report.shown() != 0) print_report(report, settings.output);
  write_reports(report, page, settings.output);
  if (!saved.empty()) write::write_file(saved, write::json_report(report));
  return exit_code_of(outcome, report, settings);
}

void add(CLI::App& app, const char* name, const char* what, bool check, int& exit_code) {
  auto settings = std::make_shared<RunSettings>();
  settings->check = check;
  CLI::App* verb = app.add_subcommand(name, what);
  verb->add_option("CMD", settings->command,
                   check ? "the program and its arguments, after --; or files of track dump"
                         : "the program and its arguments, after --");
  if (check)
    verb->add_option("--merge", settings->merge,
                     "judge these reports of other checks as one, in place of a program: files of "
                     "--json, directories of --report-dir");
  if (check)
    verb->add_option("--merge-sanitizer", settings->judge.sanitizer_logs,
                     "log of ASan, LSan, TSan or UBSan whose reports are findings, too: a file, or "
                     "what log_path= says");
  verb->add_option("--report-dir", settings->output.report_dir,
                   "write JSON to a file with a name of its own in this directory, for --merge");
  verb->add_option("--name", settings->output.name,
                   "what reports call this run (default: the command)");
  verb->add_option("--settle", settings->settle,
                   "how long tasks may finish after main returned (2s; a bare number: ms)")
      ->capture_default_str();
  verb->add_option("--timeout", settings->timeout,
                   "report and end the program after this time (5min; a bare number: s; 0: never)");
  verb->add_option("--timeout-signal", settings->timeout_signals,
                   "signals to track that say the same (those of CTest's TIMEOUT_SIGNAL_NAME do "
                   "without it)")
      ->check(CLI::IsMember({"SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"}))
      ->expected(1)
      ->take_all();
  verb->add_option("--dump", settings->dump, "write what is reported to this file, as track dump");
  verb->add_flag("--keep", settings->keep, "keep the recordings");
  add_tracker_flags(*verb, settings->tracker);
  verb->add_option("--dir", settings->directory,
                   "directory of recordings (default $XDG_RUNTIME_DIR/track or /tmp/track-UID)");
  add_symbol_flags(*verb, settings->symbols);
  add_pause_flag(*verb, settings->symbols);
  add_judge_flags(*verb, settings->judge);
  add_baseline_flags(*verb, settings->judge);
  add_output_flags(*verb, settings->output);
  add_report_flags(*verb, settings->output.reports);
  verb->callback([settings, &exit_code] {
    if (!settings->merge.empty() ||
        (settings->command.empty() && !settings->judge.sanitizer_logs.empty())) {
      if (!settings->command.empty())
        throw Error("--merge judges reports that are there; it runs no program");
      exit_code = check_merged(settings->merge, settings->judge, settings->output);
      return;
    }
    if (settings->command.empty()) throw CLI::RequiredError("CMD");
    exit_code = settings->check && are_dumps(settings->command)
                    ? check_dumps(settings->command, settings->judge, settings->output)
                    : run(*settings);
  });
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  add(app, "run", "run a program and report what it leaked", false, exit_code);
}

void add_check(CLI::App& app, int& exit_code) {
  add(app, "check", "the gate for CI: like run, and never clean without a recording", true,
      exit_code);
}

}  // namespace track::verbs
