#include "cli/write/github.h"

#include <fmt/format.h>

#include "cli/model/utf8.h"
#include "cli/write/gaps.h"
#include "cli/write/source_place.h"

namespace track::write {
namespace {

// As the runner undoes it; a property ends at a colon or a comma, a message at the end of the line.
std::string escaped_command(const std::string& text, bool property) {
  std::string result;
  for (const char c : printable(text)) {
    const bool special = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
    result += special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return result;
}

const char* command_of(const Finding& finding) {
  if (finding.failing) return "error";
  return finding.evidence == Evidence::suspected ? "notice" : "warning";
}

std::string annotation(const ProcessReport& process, const Finding& finding,
                       const SourceRoot& root) {
  std::string text = std::string("::") + command_of(finding) + " ";
  // A file that is not of the project is none that GitHub could show.
  if (const auto place = place_of(process, finding, root))
    if (const auto file = root.below(place->file)) {
      text += "file=" + escaped_command(*file, true) + ",";
      if (place->line != 0) text += fmt::format("line={},", place->line);
    }
  text += "title=" + escaped_command(fmt::format("libtrack: {} ({})", rule_name(finding.rule),
                                                 evidence_name(finding.evidence)),
                                     true);
  std::string message = finding.title;
  for (const std::string& reason : finding.because) message += "\nbecause: " + reason;
  if (!finding.test.empty()) message += "\nin test: " + finding.test;
  message += "\nfingerprint " + finding.fingerprint;
  return text + "::" + escaped_command(message, false) + "\n";
}

}  // namespace

std::string github_annotations(const Report& report, const SourceRoot& root) {
  std::string text;
  for (const ProcessReport& process : report.processes)
    for (const Finding& finding : process.findings)
      if (is_shown(finding)) text += annotation(process, finding, root);
  for (const std::string& gap : gaps(report))
    text += "::warning title=" + escaped_command("libtrack: the record is not complete", true) +
            "::" + escaped_command(gap, false) + "\n";
  return text;
}

}  // namespace track::write
