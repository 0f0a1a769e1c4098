#include "cli/analyze/judge.h"

#include <algorithm>

#include "cli/analyze/group.h"
#include "cli/analyze/leaks.h"

namespace track::analyze {

std::vector<Finding> judge(const Trace& trace, const Symbols& symbols, Deadlocks deadlocks) {
  std::vector<Finding> all = std::move(deadlocks.findings);
  const auto append = [&](std::vector<Finding> more) {
    std::move(more.begin(), more.end(), std::back_inserter(all));
  };
  append(find_locks_held(trace, symbols));
  append(find_unjoined(trace, symbols));
  append(find_outlived(trace, symbols, deadlocks.stuck));
  for (Finding& finding : all) {
    finding.fingerprint = fingerprint(finding, trace, symbols);
    const auto known = symbols.objects.find(finding.wait_object.address);
    if (finding.wait_object.symbol.empty() && known != symbols.objects.end())
      finding.wait_object.symbol = known->second;
  }
  std::stable_sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) {
    if (a.evidence != b.evidence) return a.evidence > b.evidence;
    if (a.rule != b.rule) return a.rule < b.rule;
    return a.count > b.count;
  });
  return all;
}

}  // namespace track::analyze
