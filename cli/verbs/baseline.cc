#include "cli/verbs/baseline.h"

#include <fstream>
#include <sstream>

#include "cli/analyze/baseline.h"
#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/write/json.h"

namespace track::verbs {
namespace {

// No file: nothing, when it is to be made.
std::optional<analyze::Baseline> read_baseline(const JudgeSettings& settings) {
  std::ifstream file(settings.baseline);
  if (!file && errno == ENOENT && settings.update_baseline) return std::nullopt;
  std::stringstream text;
  if (!file || !(text << file.rdbuf()))
    if (!file || file.peek() != std::ifstream::traits_type::eof())
      throw Error("cannot read the baseline in " + settings.baseline +
                  "; --update-baseline makes one");
  return analyze::Baseline(text.str(), settings.baseline);
}

uint64_t tasks_of(const analyze::Baseline& baseline) {
  uint64_t tasks = 0;
  for (const auto& [fingerprint, entry] : baseline.entries()) tasks += entry.count;
  return tasks;
}

}  // namespace

void apply_baseline(const JudgeSettings& settings, Report& report) {
  if (const auto baseline = read_baseline(settings)) baseline->apply(report);
}

void update_baseline(const JudgeSettings& settings, Report& report, bool whole) {
  if (!settings.update_baseline) return;
  using Growth = analyze::Baseline::Growth;
  const auto before = read_baseline(settings);
  whole = whole && report.complete();
  const bool grows = !before || settings.grow_baseline;
  const analyze::Baseline old = before.value_or(analyze::Baseline());
  const analyze::Baseline now =
      old.updated(report, grows ? Growth::allowed : Growth::refused, whole);
  if (!before || now.text() != old.text()) write::write_file(settings.baseline, now.text());
  now.apply(report);
  report.notes.push_back(
      "baseline " + settings.baseline + ": " + count_text(now.entries().size(), "known finding") +
      " of " + count_text(tasks_of(now), "task") +
      (before ? ", " + grouped(old.entries().size()) + " of " + grouped(tasks_of(old)) + " before"
              : std::string()));
  if (!whole)
    report.notes.push_back(
        "nothing was taken out of the baseline: the record is not whole, so what was not seen may "
        "be there");
}

}  // namespace track::verbs
