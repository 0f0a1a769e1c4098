#include "cli/write/gitlab.h"

#include <map>

#include "cli/model/utf8.h"
#include "cli/write/gaps.h"
#include "cli/write/json_parts.h"
#include "cli/write/source_place.h"

namespace track::write {
namespace {

const char* severity_of(const Finding& finding) {
  if (finding.evidence == Evidence::proved) return "critical";
  return finding.evidence == Evidence::likely ? "major" : "minor";
}

class CodeQuality {
 public:
  CodeQuality(const Report& report, const SourceRoot& root) : root_(root) {
    for (const ProcessReport& process : report.processes)
      for (const Finding& finding : process.findings)
        if (finding.suppressed_by.empty()) add(process, finding);
    const std::string program =
        report.processes.empty() ? "unknown" : report.processes.front().trace.program;
    for (const std::string& gap : gaps(report))
      add("the record is not complete: " + gap, "record-incomplete",
          "record-incomplete-" + base_name(program), "major", program, 1);
  }

  std::string text() const { return dump_json(entries_); }

 private:
  void add(const ProcessReport& process, const Finding& finding) {
    const auto place = place_of(process, finding, root_);
    std::string text = finding.title;
    for (const std::string& reason : finding.because) text += "; because " + reason;
    if (!finding.test.empty()) text += "; in test " + finding.test;
    add(text, rule_name(finding.rule), finding.fingerprint, severity_of(finding),
        place ? place->file : process.trace.program, place && place->line != 0 ? place->line : 1);
  }

  void add(const std::string& description, const std::string& check, const std::string& fingerprint,
           const char* severity, const std::string& file, uint32_t line) {
    // Of two entries with one fingerprint GitLab shows one: the same leak in several processes.
    const uint64_t seen = ++seen_[fingerprint];
    entries_.push_back(
        {{"description", printable_line(description)},
         {"check_name", check},
         {"fingerprint",
          printable_line(fingerprint) + (seen == 1 ? "" : "-" + std::to_string(seen))},
         {"severity", severity},
         {"location",
          {{"path", printable_line(root_.shown(file))}, {"lines", {{"begin", line}}}}}});
  }

  const SourceRoot& root_;
  std::map<std::string, uint64_t> seen_;
  Json entries_ = Json::array();
};

}  // namespace

std::string gitlab_report(const Report& report, const SourceRoot& root) {
  return CodeQuality(report, root).text();
}

}  // namespace track::write
