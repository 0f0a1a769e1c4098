#include "cli/write/markdown.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/model/utf8.h"
#include "cli/write/gaps.h"
#include "cli/write/source_place.h"
#include "cli/write/text.h"

namespace track::write {
namespace {

// Nothing of it means anything to Markdown, to HTML, or as a table.
std::string escaped_markdown(const std::string& text) {
  std::string result;
  for (const char c : printable_line(text)) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '@')  // no person is meant by it
      result += "&#64;";
    else
      result +=
          (std::string_view("\\`*_{}[]()#+!|~").find(c) != std::string_view::npos ? "\\" : "") +
          std::string(1, c);
  }
  return result;
}

// Between HTML tags Markdown means nothing.
std::string escaped_tag_text(const std::string& text) {
  std::string result;
  for (const char c : printable_line(text))
    result += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return result;
}

// As it is, whatever it holds: the fence is longer than any in it.
std::string fenced(const std::string& text) {
  size_t longest = 0, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(std::max<size_t>(longest + 1, 3), '`');
  return fence + "text\n" + text + fence + "\n";
}

class MarkdownPage {
 public:
  MarkdownPage(const Report& report, const SourceRoot& root, size_t most_bytes)
      : report_(report), root_(root), most_bytes_(most_bytes) {}

  std::string text() const {
    std::string text = "## libtrack: " + headline() + "\n\n";
    const std::vector<std::string> missing = gaps(report_);
    if (!missing.empty()) text += "**The record is not complete:**\n\n";
    for (const std::string& gap : missing) text += "- " + escaped_markdown(gap) + "\n";
    if (!missing.empty()) text += "\n";
    text += escaped_markdown(summary_line(report_)) + "\n";
    std::string table, details;
    uint64_t number = 0, left_out = 0;
    for (const ProcessReport& process : report_.processes)
      for (const Finding& finding : process.findings) {
        if (!is_shown(finding)) continue;
        const std::string row = table_row(process, finding, ++number);
        const std::string detail = details_of(process, finding, number);
        if (left_out != 0 ||
            text.size() + table.size() + details.size() + row.size() + detail.size() > most_bytes_)
          ++left_out;
        else
          table += row, details += detail;
      }
    if (!table.empty())
      text += "\n| | evidence | rule | tasks | what | where |\n|--:|---|---|--:|---|---|\n" + table;
    if (left_out != 0) text += fmt::format("\n{} more findings are not shown here.\n", left_out);
    text += details + told();
    return text;
  }

 private:
  std::string headline() const {
    const uint64_t shown = report_.shown(), failing = report_.failing();
    std::string text = shown == 0 ? "no findings" : count(shown, "finding");
    if (shown != 0 && failing != shown) text += fmt::format(", {} failing", failing);
    if (!report_.processes.empty())
      text += " in " + escaped_markdown(base_name(report_.processes.front().trace.program));
    return text;
  }

  static std::string count(uint64_t number, const char* what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
  }

  std::string where(const ProcessReport& process, const Finding& finding) const {
    const auto place = place_of(process, finding, root_);
    if (!place) return escaped_markdown(base_name(process.trace.program));
    std::string text = root_.shown(place->file);
    if (place->line != 0) text += fmt::format(":{}", place->line);
    return escaped_markdown(text);
  }

  std::string table_row(const ProcessReport& process, const Finding& finding,
                        uint64_t number) const {
    return fmt::format(
        "| {} | {}{} | {} | {} | {} | {} |\n", number, evidence_name(finding.evidence),
        finding.failing ? "" : " (not failing)", rule_name(finding.rule), finding.count,
        escaped_markdown(finding.title +
                         (finding.test.empty() ? "" : " (test " + finding.test + ")")),
        where(process, finding));
  }

  std::string details_of(const ProcessReport& process, const Finding& finding,
                         uint64_t number) const {
    Page page({false, 100, root_.directory()});
    print_finding(page, process, finding);
    const std::string of = report_.processes.size() > 1
                               ? fmt::format(" (process {})", process.trace.pid)
                               : std::string();
    return fmt::format("\n<details><summary>{}. {}: {}{}</summary>\n\n{}\n</details>\n", number,
                       rule_name(finding.rule), escaped_tag_text(finding.title), of,
                       fenced(printable(page.take())));
  }

  // Hidden findings, and what the run has to say.
  std::string told() const {
    std::string text;
    for (const SuppressionUse& use : report_.suppressions)
      text +=
          "- suppressed: " + count(use.hits, "task") + " by " + escaped_markdown(use.text) + "\n";
    for (const std::string& note : report_.notes) text += "- " + escaped_markdown(note) + "\n";
    return text.empty() ? text : "\n" + text;
  }

  const Report& report_;
  const SourceRoot& root_;
  size_t most_bytes_;
};

}  // namespace

std::string markdown_report(const Report& report, const SourceRoot& root, size_t most_bytes) {
  return MarkdownPage(report, root, most_bytes).text();
}

}  // namespace track::write
