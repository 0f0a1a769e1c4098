#include <algorithm>

#include "cli/model/words.h"
#include "cli/top/cells.h"
#include "cli/top/tables.h"
#include "cli/write/text.h"

namespace track::top {
namespace {

using write::Ink;

Row row_of(const Looked& look, const ProcessReport& process, const Finding& finding) {
  Row row;
  row.key = std::to_string(process.trace.pid) + "|" + finding.fingerprint;
  row.cells = {{evidence_name(finding.evidence)},
               {rule_name(finding.rule)},
               {grouped(finding.count), static_cast<double>(finding.count)},
               {finding.age_max_ns == 0 ? "-" : duration_text(finding.age_max_ns),
                static_cast<double>(finding.age_max_ns)},
               {finding.bytes_held == 0 ? "-" : bytes_text(finding.bytes_held),
                static_cast<double>(finding.bytes_held)},
               {brief(finding.title)}};
  row.ink = finding.failing ? Ink::red : Ink::yellow;
  row.detail = [look, &process, &finding](write::Page& page) {
    write::print_finding(page, process, finding);
  };
  return row;
}

}  // namespace

size_t findings_of(const serve::Look& judged) {
  size_t count = 0;
  for (const Loaded& loaded : judged.processes)
    for (const Finding& finding : loaded.report.findings) count += finding.suppressed_by.empty();
  return count;
}

Table leak_table(const Looked& judged) {
  const bool many = judged->processes.size() > 1;
  Table table;
  if (many) table.columns.push_back({"PID", 8, true});
  for (const Column& column : std::initializer_list<Column>{{"EVIDENCE", 9},
                                                            {"RULE", 18},
                                                            {"COUNT", 9, true},
                                                            {"OLDEST", 12, true},
                                                            {"HELD", 10, true, 100},
                                                            {"WHAT"}})
    table.columns.push_back(column);
  table.empty = "nothing leaked, as far as can be seen without a stop";
  for (const Loaded& loaded : judged->processes)
    for (const Finding& finding : loaded.report.findings) {
      if (!finding.suppressed_by.empty()) continue;
      Row row = row_of(judged, loaded.report, finding);
      if (many)
        row.cells.insert(row.cells.begin(), {std::to_string(loaded.report.trace.pid),
                                             static_cast<double>(loaded.report.trace.pid)});
      table.rows.push_back(std::move(row));
    }
  return table;
}

}  // namespace track::top
