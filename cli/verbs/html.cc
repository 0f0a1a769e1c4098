// `track html`: one file to attach to a CI run, or to a mail.
#include "cli/write/html.h"

#include <memory>

#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/verbs/load.h"
#include "cli/verbs/verbs.h"
#include "cli/verbs/view.h"
#include "cli/write/json.h"

namespace track::verbs {
namespace {

struct HtmlSettings {
  std::vector<std::string> targets;
  std::string file, base;
  bool bundle = false;
  SymbolSettings symbols;
  ViewSettings view;
};

std::vector<Loaded> load(const std::vector<std::string>& targets, const SymbolSettings& symbols) {
  std::vector<Loaded> processes;
  for (const std::string& target : targets)
    for (Loaded& loaded : load_target(target, symbols, true))
      processes.push_back(std::move(loaded));
  return processes;
}

void html(const HtmlSettings& settings) {
  write::require_writable(settings.file);
  const SymbolSettings symbols = symbols_for_view(settings.symbols);
  std::vector<Loaded> base;
  if (!settings.base.empty()) base = load({settings.base}, symbols);
  const View view = make_view(load(settings.targets, symbols), base, settings.view);
  const std::string text = settings.bundle ? write::bundle_bytes(view.bundle)
                                           : write::html_page(view.bundle, view.report);
  write::write_file(settings.file, text);
  if (settings.file == "-") return;
  print(settings.file + ": " + bytes_text(text.size()) + ", " +
        count_text(view.report.shown(), "finding") +
        (settings.bundle ? "; open it in the page of `track html` or `track serve`\n"
                         : "; open it in a browser, it needs no network\n"));
}

}  // namespace

void add_html(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<HtmlSettings>();
  CLI::App* verb = app.add_subcommand("html", "findings, waits, profiles and timeline in one page");
  verb->add_option("TARGET", settings->targets,
                   "PID (prepared or not), recording, directory, dump or core file; several looks "
                   "at one process show what grows")
      ->required();
  verb->add_option("-o,--output", settings->file, "file to write (- = standard output)")
      ->required();
  verb->add_option("--base", settings->base, "what profiles are compared with: another TARGET");
  verb->add_flag("--bundle", settings->bundle, "only the data, for a page that is there already");
  add_symbol_flags(*verb, settings->symbols);
  add_pause_flag(*verb, settings->symbols);
  add_judge_flags(*verb, settings->view.judge);
  verb->callback([settings, &exit_code] {
    html(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
