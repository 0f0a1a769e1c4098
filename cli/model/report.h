// What the writers print: processes, what was found in them, and what was hidden. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/model/finding.h"
#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track {

struct ProcessReport {
  Trace trace;
  Symbols symbols;
  std::vector<Finding> findings;
  std::string note;  // about this process's report: "still running", "judged 3 s into its exit"
};

struct SuppressionUse {
  std::string text;
  uint64_t hits = 0;
};

struct Report {
  std::vector<ProcessReport> processes;
  std::vector<SuppressionUse> suppressions;  // those that hid something
  std::vector<std::string> notes;

  uint64_t shown() const;    // findings not suppressed
  uint64_t failing() const;  // of those, at or above --fail-on
  bool complete() const;     // nothing was lost in any process
};

}  // namespace track
