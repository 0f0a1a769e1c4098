#include <unistd.h>

#include <memory>

#include "cli/verbs/baseline.h"
#include "cli/verbs/load.h"
#include "cli/verbs/reports.h"
#include "cli/verbs/verbs.h"
#include "cli/verbs/view.h"
#include "cli/write/text.h"

namespace track::verbs {
namespace {

struct LeaksSettings {
  std::vector<std::string> targets;
  SymbolSettings symbols;
  JudgeSettings judge;
  OutputSettings output;
};

int leaks(const LeaksSettings& settings) {
  require_reports(settings.output);
  std::vector<Loaded> processes;
  SymbolSettings symbols = settings.symbols;
  symbols.heap = settings.targets.size() > 1;  // what grows is asked of several looks
  if (settings.output.reports.page) symbols = symbols_for_view(symbols);
  for (const std::string& target : settings.targets)
    for (Loaded& loaded : load_target(target, symbols, true))
      processes.push_back(std::move(loaded));
  for (Loaded& loaded : processes)
    if (!loaded.report.trace.gone && loaded.report.note.empty())
      loaded.report.note = "judged while it runs";
  const std::string page = report_page(processes, settings.judge, settings.output.reports);
  Report report = make_report(std::move(processes), settings.judge);
  // A process that runs may do tomorrow what it has not done yet.
  update_baseline(settings.judge, report, false);
  if (!uses_stdout(settings.output))
    print(write::text_report(report, text_options(settings.output, STDOUT_FILENO)));
  write_reports(report, page, settings.output);
  return report.failing() != 0 ? settings.judge.error_exitcode : kClean;
}

}  // namespace

void add_leaks(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<LeaksSettings>();
  CLI::App* verb = app.add_subcommand("leaks", "findings of a process or a recording");
  verb->add_option("TARGET", settings->targets,
                   "PID (prepared or not), recording, directory, dump or core file")
      ->required();
  add_symbol_flags(*verb, settings->symbols);
  add_pause_flag(*verb, settings->symbols);
  add_judge_flags(*verb, settings->judge);
  add_baseline_flags(*verb, settings->judge);
  add_output_flags(*verb, settings->output);
  add_report_flags(*verb, settings->output.reports);
  verb->callback([settings, &exit_code] { exit_code = leaks(*settings); });
}

}  // namespace track::verbs
