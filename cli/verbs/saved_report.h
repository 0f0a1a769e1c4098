// A report that a check wrote as JSON, read back. Plain data out of a file that may be anything.
#pragma once

#include <string>

#include "cli/model/report.h"

namespace track::verbs {

struct SavedReport {
  std::string problem;           // why nothing of it is known; empty: it was read
  std::string name;              // of the run: as it was called, else the file's
  Report report;                 // findings judged as they were then
  int exit_code = 0;             // of the run without its findings
  bool seen_to_the_end = false;  // nothing of the run can have been missed
};

// Throws nothing: what cannot be read has a problem.
SavedReport read_saved_report(const std::string& path);

// What stands where the report will be, until it is there: who was killed left it.
std::string unfinished_report(const RunFacts& run);

}  // namespace track::verbs
