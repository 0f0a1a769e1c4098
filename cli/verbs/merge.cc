#include "cli/verbs/merge.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/verbs/baseline.h"
#include "cli/verbs/load.h"
#include "cli/verbs/reports.h"
#include "cli/verbs/saved_report.h"
#include "cli/write/gaps.h"
#include "cli/write/text.h"

namespace track::verbs {
namespace {

constexpr size_t kMostTests = 20;  // named by one finding

std::vector<std::string> report_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      files.push_back(path);  // a missing one is a report that is missing
      continue;
    }
    const size_t before = files.size();
    for (const auto& entry : std::filesystem::directory_iterator(path, error))
      if (entry.path().extension() == ".json") files.push_back(entry.path().string());
    if (error) throw Error("--merge: cannot read " + path + ": " + error.message());
    if (files.size() == before)
      throw Error("--merge: there is no report (*.json) in " + path +
                  "; write some with track check --report-dir " + path);
    std::sort(files.begin() + static_cast<ptrdiff_t>(before), files.end());
  }
  return files;
}

// One finding that several reports have, told once: by the first of them.
class Merged {
 public:
  void add(Report& report, SavedReport& saved) {
    for (ProcessReport& process : saved.report.processes) {
      std::vector<Finding> fresh;
      for (Finding& finding : process.findings) {
        Place place{report.processes.size(), fresh.size()};
        const auto [known, first] = places_.emplace(finding.fingerprint, place);
        if (first) {
          tests_[finding.fingerprint] = {saved.name};
          fresh.push_back(std::move(finding));
          continue;
        }
        // Of this process as of an earlier one.
        Finding& told =
            known->second.process == report.processes.size()
                ? fresh[known->second.finding]
                : report.processes[known->second.process].findings[known->second.finding];
        join(told, finding);
        std::vector<std::string>& tests = tests_[finding.fingerprint];
        if (tests.back() != saved.name) tests.push_back(saved.name);
      }
      process.findings = std::move(fresh);
      report.processes.push_back(std::move(process));
    }
  }

  void name_tests(Report& report) {
    for (ProcessReport& process : report.processes)
      for (Finding& finding : process.findings) {
        // The files' order is that of pids.
        std::vector<std::string>& tests = tests_[finding.fingerprint];
        std::sort(tests.begin(), tests.end());
        std::string text;
        for (size_t i = 0; i < std::min(tests.size(), kMostTests); ++i)
          text += (i == 0 ? "" : ", ") + tests[i];
        if (tests.size() > kMostTests)
          text += " and " + grouped(tests.size() - kMostTests) + " more";
        finding.because.push_back("found in " + count_text(tests.size(), "run") + ": " + text);
      }
  }

 private:
  struct Place {
    size_t process, finding;
  };

  static void join(Finding& told, const Finding& more) {
    told.count += more.count;
    told.evidence = std::max(told.evidence, more.evidence);
    told.bytes_held += more.bytes_held;
    told.age_min_ns = std::min(told.age_min_ns, more.age_min_ns);
    told.age_max_ns = std::max(told.age_max_ns, more.age_max_ns);
    // What one of them did not hide is not hidden.
    if (more.suppressed_by.empty()) told.suppressed_by.clear();
    if (!more.test.empty() && told.test.find(more.test) == std::string::npos)
      told.test += (told.test.empty() ? "" : ", ") + more.test;
  }

  std::map<std::string, Place> places_;  // by fingerprint
  std::map<std::string, std::vector<std::string>> tests_;
};

// What of a run nobody can know; empty: nothing that its processes do not say themselves.
std::string unseen_part(const SavedReport& saved) {
  if (!saved.problem.empty()) return saved.problem;
  if (saved.report.processes.empty()) return "its program was not recorded";
  if (!saved.seen_to_the_end && write::gaps(saved.report).empty())
    return "processes of it were killed, or still ran when it was over";
  return {};
}

bool has_findings(const ProcessReport& process) {
  return !process.findings.empty();
}

}  // namespace

MergedReports merge_reports(const std::vector<std::string>& paths, const JudgeSettings& judge) {
  MergedReports result;
  Report& report = result.report;
  Merged merged;
  const std::vector<std::string> files = report_files(paths);
  for (const std::string& path : files) {
    SavedReport saved = read_saved_report(path);
    if (const std::string why = unseen_part(saved); !why.empty())
      report.unknown.push_back((saved.problem.empty() ? saved.name : path) + ": " + why);
    if (result.failed_code == 0) result.failed_code = saved.exit_code;
    report.clean.tasks.add(saved.report.clean.tasks);
    report.clean.count += saved.report.clean.count;
    // What was clean is counted; what a process leaves to be said is kept.
    if (write::gaps(saved.report).empty() && saved.report.complete())
      std::erase_if(saved.report.processes, [&](const ProcessReport& process) {
        if (has_findings(process)) return false;
        ++report.clean.count;
        report.clean.orders_lost += process.trace.orders_lost;
        return true;
      });
    merged.add(report, saved);
  }
  merged.name_tests(report);
  report.notes.push_back(count_text(files.size(), "report") + " merged" +
                         (report.unknown.empty()
                              ? std::string()
                              : "; of " + grouped(report.unknown.size()) + " not all is known"));
  judge_findings(report, judge);
  return result;
}

int check_merged(const std::vector<std::string>& paths, const JudgeSettings& judge,
                 const OutputSettings& output) {
  require_reports(output);
  if (output.reports.page)
    throw Error(
        "--merge: a page (--open-report) needs the dumps themselves: track check FILE.dump");
  MergedReports merged = merge_reports(paths, judge);
  Report& report = merged.report;
  update_baseline(judge, report, report.unknown.empty() && write::gaps(report).empty());
  const std::string text = write::text_report(report, text_options(output, STDERR_FILENO));
  std::fwrite(text.data(), 1, text.size(), stderr);
  write_reports(report, {}, output);
  if (report.failing() != 0) return judge.error_exitcode;
  if (!report.unknown.empty()) return kToolError;
  // Logs in which no report is, and nothing else: whoever has a program says what it left.
  if (report.processes.empty() && report.clean.count == 0) return kToolError;
  return merged.failed_code;
}

}  // namespace track::verbs
