#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "cli/model/error.h"
#include "cli/model/finding.h"
#include "cli/model/words.h"
#include "cli/process/locate.h"
#include "cli/process/proc.h"
#include "cli/read/recording.h"
#include "cli/verbs/load.h"
#include "cli/verbs/places.h"
#include "cli/verbs/sweep.h"
#include "cli/verbs/task_notes.h"
#include "cli/verbs/verbs.h"
#include "cli/write/json.h"
#include "cli/write/tasks.h"

namespace track::verbs {
namespace {

struct PsSettings {
  std::string target, by, min_age, state, kind, directory;
  bool tree = false, long_rows = false, schedules = false;
  SymbolSettings symbols;
  OutputSettings output;
};

// What is being recorded, and what was left behind by processes that are gone.
void list_everything(const PsSettings& settings) {
  const auto live = process::tracked_processes();
  std::string text;
  for (const auto& tracked : live)
    text += fmt::format("{:>8}  {:<15}  {}\n", tracked.pid, write::fitted(tracked.command, 15),
                        tracked.recording);
  if (live.empty())
    text += "nothing is being recorded; start something with: track run -- CMD\n";
  else
    text = fmt::format("{:>8}  {:<15}  {}\n", "PID", "COMMAND", "RECORDING") + text;
  const std::string directory = recordings_directory(settings.directory);
  if (access(directory.c_str(), R_OK | X_OK) == 0) {
    sweep(directory);
    std::string left;
    for (const auto& file : read::list_recordings(directory))
      if (!process::exists(file.pid)) left += "  " + file.path + "\n";
    if (!left.empty()) text += "\nleft by processes that are gone:\n" + left;
  }
  print(text);
}

// As task_rows compares it.
void check_state(const std::string& state) {
  std::string names;
  const auto known = [&](const char* name) {
    names += std::string(names.empty() ? "" : ", ") + name;
    return state == name;
  };
  for (int i = 0; i <= static_cast<int>(TaskState::unknown); ++i)
    if (known(task_state_name(static_cast<TaskState>(i)))) return;
  for (int i = static_cast<int>(WaitKind::mutex); i <= static_cast<int>(WaitKind::told_other); ++i)
    if (known(wait_kind_name(static_cast<WaitKind>(i)))) return;
  throw Error("--state: `" + state + "` is no state; one of " + names);
}

write::TaskFilter task_filter(const PsSettings& settings) {
  write::TaskFilter filter;
  filter.tree = settings.tree;
  filter.state = settings.state;
  if (!settings.state.empty()) check_state(settings.state);
  filter.kind = settings.kind;
  if (settings.by == "site") filter.by = write::GroupBy::site;
  if (settings.by == "stack") filter.by = write::GroupBy::stack;
  if (settings.by == "label") filter.by = write::GroupBy::label;
  if (settings.by == "state") filter.by = write::GroupBy::state;
  if (!settings.min_age.empty())
    filter.min_age_ns = parse_duration_ns(settings.min_age, "--min-age", 1'000'000'000);
  return filter;
}

// A dump has them from when it was made, a recording has none.
void say_unknown_schedules(Trace& trace) {
  const bool known = std::any_of(trace.threads.begin(), trace.threads.end(),
                                 [](const Thread& thread) { return thread.schedule.known; });
  if (!known && (trace.end != ProcessEnd::alive || trace.gone))
    trace.not_visible.emplace_back(
        "how long threads waited for a CPU: not kept; only a living process or a dump of one says");
}

void ps(const PsSettings& settings) {
  if (settings.target.empty()) return list_everything(settings);
  const write::TaskFilter filter = task_filter(settings);
  std::vector<ProcessReport> processes;
  std::vector<write::TaskNotes> notes;
  // What refers to what is read without a stop: it is no proof, and none is asked for.
  SymbolSettings symbols = settings.symbols;
  symbols.pause = false;
  symbols.schedules = settings.schedules || !settings.output.json.empty();
  for (Loaded& loaded : load_target(settings.target, symbols, settings.long_rows)) {
    const bool told = settings.tree || settings.long_rows;
    if (told || settings.schedules) notes.push_back(told ? task_notes(loaded) : write::TaskNotes());
    if (settings.schedules) {
      notes.back().show_schedules = true;
      say_unknown_schedules(loaded.report.trace);
    }
    processes.push_back(std::move(loaded.report));
  }
  if (!settings.output.json.empty())
    write::write_file(settings.output.json, write::json_tasks(processes, filter, notes));
  if (settings.output.json != "-")
    print(
        write::text_tasks(processes, filter, text_options(settings.output, STDOUT_FILENO), notes));
}

}  // namespace

void add_ps(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<PsSettings>();
  CLI::App* verb = app.add_subcommand("ps", "every task: state, since when, where, created by");
  verb->add_option(
      "TARGET", settings->target,
      "PID (prepared or not), recording, directory, dump or core file; none = list what is "
      "being recorded");
  verb->add_option("--by", settings->by, "group by site, stack, state or label")
      ->check(CLI::IsMember({"site", "stack", "state", "label"}));
  verb->add_flag("--tree", settings->tree,
                 "every task below its creator, and whom it waits for; cycles are marked");
  verb->add_flag("--long", settings->long_rows,
                 "also who keeps each suspended coroutine or fiber, and what each "
                 "blocked thread waits on");
  verb->add_flag("--sched", settings->schedules,
                 "also how long each thread ran, and waited for a CPU (a living process, or a dump "
                 "of one)");
  verb->add_option("--min-age", settings->min_age, "only tasks at least this old: 500ms, 2s, 5min");
  verb->add_option("--state", settings->state,
                   "only this state: running, blocked, ended, suspended, done, mutex, join, ...");
  verb->add_option("--kind", settings->kind, "thread, coroutine or fiber")
      ->check(CLI::IsMember({"thread", "coroutine", "fiber"}));
  verb->add_option("--dir", settings->directory, "directory of recordings to list");
  add_symbol_flags(*verb, settings->symbols);
  add_output_flags(*verb, settings->output);
  verb->callback([settings, &exit_code] {
    ps(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
