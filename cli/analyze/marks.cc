#include "cli/analyze/marks.h"

#include <algorithm>

#include "cli/model/labels.h"

namespace track::analyze {
namespace {

bool is_silenced(Rule rule) {
  return rule == Rule::outlived_task || rule == Rule::growing_tasks;
}

bool is_marked(const Trace& trace, uint32_t labels) {
  return label_value(trace, labels, kExpectedLabel) == kToLiveLong;
}

// Marked tasks have creation stacks of their own; where there is none, all of them must be marked.
bool all_marked(const Finding& finding, const Trace& trace) {
  if (finding.tasks.empty()) return false;
  const bool listed =
      std::all_of(finding.tasks.begin(), finding.tasks.end(),
                  [&](const FindingTask& task) { return is_marked(trace, task.labels); });
  const bool by_stack = finding.created_at != 0 && finding.created_at < trace.stacks.size() &&
                        is_marked(trace, trace.stacks[finding.created_at].labels);
  return listed && (by_stack || finding.count == finding.tasks.size());
}

}  // namespace

uint64_t apply_marks(std::vector<Finding>& findings, const Trace& trace) {
  uint64_t hidden = 0;
  for (Finding& finding : findings) {
    if (!is_silenced(finding.rule) || !finding.suppressed_by.empty() || !all_marked(finding, trace))
      continue;
    finding.suppressed_by = kMarkedByProgram;
    hidden += finding.count;
  }
  return hidden;
}

}  // namespace track::analyze
