#include "cli/write/hang.h"

#include <unistd.h>

#include <map>
#include <memory>

#include "cli/analyze/blockers.h"
#include "cli/analyze/edge_teller.h"
#include "cli/analyze/retention.h"
#include "cli/model/await_chain.h"
#include "cli/model/finding.h"
#include "cli/verbs/load.h"
#include "cli/verbs/verbs.h"
#include "cli/write/json.h"

namespace track::verbs {
namespace {

struct HangSettings {
  std::string target;
  SymbolSettings symbols;
  JudgeSettings judge;
  OutputSettings output;
};

// What keeps tasks from ever going on; what a process leaves behind is for other verbs.
bool about_hanging(Rule rule) {
  return rule == Rule::deadlock || rule == Rule::stuck_task || rule == Rule::lock_across_await ||
         rule == Rule::pool_exhausted;
}

std::string cycle_text(const Trace& trace, const std::vector<size_t>& cycle) {
  std::string text;
  for (const size_t member : cycle) {
    const Coroutine& coroutine = trace.coroutines[member];
    text += (text.empty() ? "" : ", awaited by ") + std::to_string(coroutine.id) + " (" +
            suspended_text(trace, coroutine) + ")";
  }
  return text + ", awaited by " + std::to_string(trace.coroutines[cycle.front()].id);
}

// Who refers to what these threads wait on.
std::string known_to(const ProcessReport& process, const Fixpoint& fixpoint,
                     const std::vector<size_t>& threads) {
  for (const size_t thread : threads)
    if (const auto* path = analyze::way_to_object(fixpoint, process.trace.threads[thread]);
        path != nullptr && !analyze::only_itself(*path, process.symbols))
      return analyze::retention_line(
          analyze::retention_words(*path, process.trace, process.symbols));
  return {};
}

write::HangSection section_of(const ProcessReport& process, const Fixpoint& fixpoint) {
  write::HangSection section;
  const Trace& trace = process.trace;
  const analyze::HangView view = analyze::view_hang(trace);
  const analyze::EdgeTeller teller(trace, process.symbols);
  section.running = view.running;
  for (const analyze::Blocker& blocker : view.blockers) {
    write::HeldUp held;
    held.thread = blocker.thread;
    held.blocked = blocker.blocked.size();
    for (const analyze::WaitEdge& edge : blocker.nearest) held.because.push_back(teller.tell(edge));
    section.held_up.push_back(std::move(held));
  }
  for (const analyze::SharedWait& wait : view.waits)
    section.waits.push_back({wait.kind, wait.object, wait.timed, wait.threads,
                             known_to(process, fixpoint, wait.threads)});
  for (const analyze::AwaitStand& stand : view.stands) {
    write::Standing standing;
    const std::string function = stand.function < trace.functions.size()
                                     ? short_function(trace.functions[stand.function])
                                     : std::string();
    const std::string where = await_text(trace, stand.await_point);
    standing.where = (function.empty() ? "an unknown function" : function) +
                     (where.empty() ? "" : " at " + where);
    standing.count = stand.count;
    standing.awaiting = stand.awaiting;
    standing.threads = stand.threads;
    section.standing.push_back(std::move(standing));
  }
  for (const std::vector<size_t>& cycle : view.await_cycles)
    section.await_cycles.push_back(cycle_text(trace, cycle));
  return section;
}

int hang(const HangSettings& settings) {
  std::vector<Loaded> loaded = load_target(settings.target, settings.symbols, true);
  // Of several looks at one process the last one is shown.
  std::map<std::pair<int32_t, uint64_t>, Fixpoint> fixpoints;
  for (const Loaded& one : loaded)
    fixpoints[{one.report.trace.pid, one.report.trace.taken_ns}] = one.fixpoint;
  Report report = make_report(std::move(loaded), settings.judge);
  std::vector<write::HangSection> sections;
  for (ProcessReport& process : report.processes) {
    std::erase_if(process.findings, [](const Finding& f) { return !about_hanging(f.rule); });
    sections.push_back(section_of(process, fixpoints[{process.trace.pid, process.trace.taken_ns}]));
  }
  if (!settings.output.json.empty())
    write::write_file(settings.output.json, write::json_hang(report, sections));
  if (settings.output.json != "-")
    print(write::text_hang(report, sections, text_options(settings.output, STDOUT_FILENO)));
  return report.failing() != 0 ? settings.judge.error_exitcode : kClean;
}

}  // namespace

void add_hang(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<HangSettings>();
  CLI::App* verb =
      app.add_subcommand("hang", "who waits for whom: cycles first, then what holds up most");
  verb->add_option("TARGET", settings->target,
                   "PID (prepared or not), recording, directory, dump or core file")
      ->required();
  add_symbol_flags(*verb, settings->symbols);
  add_pause_flag(*verb, settings->symbols);
  add_judge_flags(*verb, settings->judge);
  add_output_flags(*verb, settings->output);
  verb->callback([settings, &exit_code] { exit_code = hang(*settings); });
}

}  // namespace track::verbs
