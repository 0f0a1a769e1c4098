#include "cli/verbs/untracked.h"

#include <chrono>
#include <thread>

#include "cli/analyze/deadlock.h"
#include "cli/process/image.h"
#include "cli/process/untracked.h"
#include "cli/verbs/names.h"

namespace track::verbs {
namespace {

constexpr auto kSecondLook = std::chrono::milliseconds(20);

ProcessReport report_of(ProcessImage& image, const SymbolSettings& settings) {
  ProcessReport report;
  report.trace = process::trace_of(image);
  Names names(report.trace, settings, image.core ? 0 : image.pid);
  process::name_waits(report.trace, image, names.function_lookup());
  process::find_coroutines(report.trace, image, names.code_lookup());
  report.symbols = names.resolve(report.trace);
  return report;
}

}  // namespace

Loaded load_untracked(pid_t pid, const SymbolSettings& settings, bool confirm) {
  Loaded loaded;
  ProcessImage image = process::look_at_process(pid);
  loaded.report = report_of(image, settings);
  if (!confirm) return loaded;
  loaded.deadlocks = analyze::find_deadlocks(loaded.report.trace, loaded.report.symbols);
  if (loaded.deadlocks.findings.empty()) return loaded;
  std::this_thread::sleep_for(kSecondLook);
  ProcessImage again = process::look_at_process(pid);
  Trace later = process::trace_of(again);
  Names names(later, settings, pid);
  process::name_waits(later, again, names.function_lookup());
  if (analyze::find_deadlocks(later, loaded.report.symbols).findings.empty())
    loaded.deadlocks = {};
  else
    analyze::keep_unmoved(loaded.deadlocks, loaded.report.trace, later);
  return loaded;
}

Loaded load_core(const std::string& path, const SymbolSettings& settings, bool confirm) {
  Loaded loaded;
  ProcessImage image = process::read_core(path, settings.sysroot);
  loaded.report = report_of(image, settings);
  if (confirm)
    loaded.deadlocks = analyze::find_deadlocks(loaded.report.trace, loaded.report.symbols);
  return loaded;
}

}  // namespace track::verbs
