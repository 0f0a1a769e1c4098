#include "cli/write/hang.h"

#include <unistd.h>

#include <map>
#include <memory>

#include "cli/verbs/hang_section.h"
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
    sections.push_back(
        hang_section(process, fixpoints[{process.trace.pid, process.trace.taken_ns}]));
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
