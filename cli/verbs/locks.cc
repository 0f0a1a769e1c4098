// `track locks`: contention by lock, by who waited and by who made wait.
#include "cli/write/locks.h"

#include <unistd.h>

#include <memory>

#include "cli/analyze/contention.h"
#include "cli/verbs/load.h"
#include "cli/verbs/verbs.h"
#include "cli/write/json.h"

namespace track::verbs {
namespace {

struct LocksSettings {
  std::string target, sort = "total", min;
  size_t rows = 20;
  SymbolSettings symbols;
  OutputSettings output;
};

analyze::CostOrder order_of(const std::string& sort) {
  if (sort == "count") return analyze::CostOrder::count;
  if (sort == "held") return analyze::CostOrder::held;
  return sort == "max" ? analyze::CostOrder::longest : analyze::CostOrder::total;
}

void locks(const LocksSettings& settings) {
  const uint64_t min_ns =
      settings.min.empty() ? 0 : parse_duration_ns(settings.min, "--min", 1'000'000'000);
  SymbolSettings symbols = settings.symbols;
  symbols.pause = false;
  symbols.contention = symbols.history = true;
  std::vector<ProcessReport> processes;
  std::vector<ContentionView> views;
  for (Loaded& loaded : load_target(settings.target, symbols, false)) {
    views.push_back(analyze::view_contention(loaded.report.trace, order_of(settings.sort), min_ns));
    processes.push_back(std::move(loaded.report));
  }
  if (!settings.output.json.empty())
    write::write_file(settings.output.json, write::json_locks(processes, views));
  if (settings.output.json != "-")
    print(write::text_locks(processes, views, settings.rows,
                            text_options(settings.output, STDOUT_FILENO)));
}

}  // namespace

void add_locks(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<LocksSettings>();
  CLI::App* verb = app.add_subcommand(
      "locks", "what waiting cost, lock by lock: who waited, and who made them wait");
  verb->add_option("TARGET", settings->target,
                   "PID (prepared or not), recording, directory, dump or core file")
      ->required();
  verb->add_option("--sort", settings->sort,
                   "total (default), count, max or held (time held, with locks=all)")
      ->check(CLI::IsMember({"total", "count", "max", "held"}));
  verb->add_option("--min", settings->min, "only what was waited for as long: 500ms, 2s, 5min");
  verb->add_option("--rows", settings->rows, "at most so many of each sort (default 20)");
  add_symbol_flags(*verb, settings->symbols);
  add_output_flags(*verb, settings->output);
  verb->callback([settings, &exit_code] {
    locks(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
