#include "cli/verbs/check_dumps.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/read/dump.h"
#include "cli/verbs/baseline.h"
#include "cli/verbs/load.h"
#include "cli/verbs/reports.h"
#include "cli/write/text.h"

namespace track::verbs {

bool are_dumps(const std::vector<std::string>& words) {
  return !words.empty() && std::all_of(words.begin(), words.end(), read::is_dump);
}

namespace {

// Of their own accord, before us.
bool all_ended(const Report& report) {
  return std::all_of(
      report.processes.begin(), report.processes.end(), [](const ProcessReport& process) {
        const ProcessEnd end = process.trace.end;
        return process.trace.superseded ||
               (process.trace.gone && end != ProcessEnd::killed && end != ProcessEnd::aborted &&
                end != ProcessEnd::unknown && end != ProcessEnd::unseen);
      });
}

}  // namespace

int check_dumps(const std::vector<std::string>& files, const JudgeSettings& judge,
                const OutputSettings& output) {
  require_reports(output);
  std::vector<Loaded> processes;
  for (const std::string& file : files)
    for (Loaded& loaded : read::read_dump(file)) processes.push_back(std::move(loaded));
  const bool damaged = std::any_of(processes.begin(), processes.end(),
                                   [](const Loaded& l) { return l.dump.damaged; });
  const std::string page = report_page(processes, judge, output.reports);
  Report report = make_report(std::move(processes), judge);
  update_baseline(judge, report, !damaged && all_ended(report));
  const std::string text = write::text_report(report, text_options(output, STDERR_FILENO));
  std::fwrite(text.data(), 1, text.size(), stderr);
  write_reports(report, page, output);
  if (report.failing() != 0) return judge.error_exitcode;
  // What could not be read may have held anything.
  return damaged ? kToolError : kClean;
}

}  // namespace track::verbs
