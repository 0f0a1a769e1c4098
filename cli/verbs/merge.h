// `track check --merge`: the reports of several checks (--json, --report-dir) as one. What is
// missing or cannot be read is said, and makes the whole unclean.
#pragma once

#include <string>
#include <vector>

#include "cli/model/report.h"
#include "cli/verbs/settings.h"

namespace track::verbs {

struct MergedReports {
  Report report;
  int failed_code = 0;  // of the first run that failed by itself
};

// paths: reports, and directories of which every *.json is one. Equal fingerprints are one finding
// then, which says in which runs it was found. Throws Error when nothing is named by them at all.
MergedReports merge_reports(const std::vector<std::string>& paths, const JudgeSettings& judge);

int check_merged(const std::vector<std::string>& paths, const JudgeSettings& judge,
                 const OutputSettings& output);

}  // namespace track::verbs
