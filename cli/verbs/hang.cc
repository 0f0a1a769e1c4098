#include "cli/write/hang.h"

#include <unistd.h>

#include <memory>

#include "cli/analyze/blockers.h"
#include "cli/analyze/edge_teller.h"
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

write::HangSection section_of(const ProcessReport& process) {
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
    section.waits.push_back({wait.kind, wait.object, wait.timed, wait.threads});
  return section;
}

int hang(const HangSettings& settings) {
  Report report = make_report(load_target(settings.target, settings.symbols, true), settings.judge);
  std::vector<write::HangSection> sections;
  for (ProcessReport& process : report.processes) {
    std::erase_if(process.findings, [](const Finding& f) { return !about_hanging(f.rule); });
    sections.push_back(section_of(process));
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
