#include "cli/analyze/attached.h"

#include <algorithm>

namespace track::analyze {
namespace {

// Who holds it is known by the record alone: the lock's own words do not say.
bool owner_is_recorded(WaitKind kind) {
  return kind == WaitKind::rwlock_read || kind == WaitKind::rwlock_write ||
         kind == WaitKind::spinlock;
}

bool shown_by_memory(const Finding& finding, const Trace& trace) {
  // Without the process's memory there is only the record.
  if (!trace.memory_read || (finding.rule != Rule::deadlock && finding.rule != Rule::stuck_task))
    return false;
  return std::all_of(finding.tasks.begin(), finding.tasks.end(), [&](const FindingTask& task) {
    if (task.kind != TaskKind::thread) return false;
    const auto thread = std::find_if(trace.threads.begin(), trace.threads.end(),
                                     [&](const Thread& t) { return t.id == task.id; });
    return thread != trace.threads.end() && !owner_is_recorded(thread->wait.kind);
  });
}

}  // namespace

void doubt_the_record(std::vector<Finding>& findings, const Trace& trace) {
  for (Finding& finding : findings) {
    if (finding.evidence != Evidence::proved || shown_by_memory(finding, trace)) continue;
    finding.evidence = Evidence::likely;
    finding.because.emplace_back(
        "not proved: the process was attached to while it ran, and may call what is recorded by "
        "an address that it took before");
  }
}

}  // namespace track::analyze
