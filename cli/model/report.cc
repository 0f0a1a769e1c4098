#include "cli/model/report.h"

#include <algorithm>

namespace track {
namespace {

template <class Predicate>
uint64_t count_findings(const Report& report, Predicate predicate) {
  uint64_t count = 0;
  for (const ProcessReport& process : report.processes)
    count += static_cast<uint64_t>(
        std::count_if(process.findings.begin(), process.findings.end(), predicate));
  return count;
}

}  // namespace

uint64_t Report::shown() const {
  return count_findings(*this, [](const Finding& f) { return f.suppressed_by.empty(); });
}

uint64_t Report::failing() const {
  return count_findings(*this, [](const Finding& f) { return f.failing; });
}

bool Report::complete() const {
  return std::all_of(processes.begin(), processes.end(),
                     [](const ProcessReport& p) { return p.trace.complete(); });
}

}  // namespace track
