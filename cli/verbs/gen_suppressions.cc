// `track gen-suppressions TARGET...`: what would hide its findings, to paste into a file for
// --suppressions.
#include <memory>
#include <set>

#include "cli/analyze/suppressions.h"
#include "cli/verbs/load.h"
#include "cli/verbs/verbs.h"

namespace track::verbs {
namespace {

struct GenSettings {
  std::vector<std::string> targets;
  SymbolSettings symbols;
  JudgeSettings judge;
};

void gen_suppressions(const GenSettings& settings) {
  std::vector<Loaded> processes;
  for (const std::string& target : settings.targets)
    for (Loaded& loaded : load_target(target, settings.symbols, true))
      processes.push_back(std::move(loaded));
  const Report report = make_report(std::move(processes), settings.judge);
  std::set<std::string> said;
  std::string text = "# Made by `track gen-suppressions`: keep what is meant to be, and say why.\n";
  for (const ProcessReport& process : report.processes)
    for (const Finding& finding : process.findings) {
      if (!is_shown(finding)) continue;
      const std::string block = analyze::suppression_for(finding, process.trace, process.symbols);
      // One pattern hides all that are alike.
      if (said.insert(block.substr(block.find('\n'))).second) text += "\n" + block;
    }
  if (said.empty()) text += "# nothing was found\n";
  print(text);
}

}  // namespace

void add_gen_suppressions(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<GenSettings>();
  CLI::App* verb =
      app.add_subcommand("gen-suppressions", "suppressions for what is found, ready to paste");
  verb->add_option("TARGET", settings->targets,
                   "PID (prepared or not), recording, directory, dump or core file")
      ->required();
  add_symbol_flags(*verb, settings->symbols);
  add_pause_flag(*verb, settings->symbols);
  verb->add_option("--suppressions", settings->judge.suppressions,
                   "file of those that there are: what they hide is left out");
  verb->callback([settings, &exit_code] {
    gen_suppressions(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
