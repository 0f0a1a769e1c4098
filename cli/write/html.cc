#include "cli/write/html.h"

#include <fmt/format.h>

#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/write/text.h"

// Debian's g++ has no #embed; the assembler has.
__asm__(
    ".pushsection .rodata\n"
    ".global track_viewer_page\n.global track_viewer_page_end\n"
    ".hidden track_viewer_page\n.hidden track_viewer_page_end\n"
    "track_viewer_page:\n.incbin \"" TRACK_VIEWER_PAGE
    "\"\ntrack_viewer_page_end:\n.byte 0\n"
    ".popsection\n");
extern "C" const char track_viewer_page[], track_viewer_page_end[];

namespace track::write {
namespace {

constexpr std::string_view kFixedMark = "<!--track:static-->";
constexpr std::string_view kSectionsMark = "<!--track:sections-->";
constexpr size_t kMostRows = 500;

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' ? '?' : c;
    }
  return result;
}

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    for (size_t k = 0; k < 3; ++k)
      three = three << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k)
      text += i + k <= bytes.size() ? kDigits[three >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::string place(const ProcessReport& process, StackIndex stack) {
  return escaped(where_text(process.trace, process.symbols, stack));
}

std::string row(const ProcessReport& process, const Finding& finding) {
  std::string because;
  for (const std::string& reason : finding.because) because += "<li>" + escaped(reason) + "</li>";
  if (!finding.test.empty()) because += "<li>in test: " + escaped(finding.test) + "</li>";
  const std::string age = finding.age_max_ns == 0 ? "" : duration_text(finding.age_max_ns);
  return fmt::format(
      "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}<ul>{}</ul></td><td>{}</td><td>{}</td>"
      "<td>{}</td></tr>\n",
      evidence_name(finding.evidence), rule_name(finding.rule), finding.count,
      escaped(finding.title), because, place(process, finding.created_at),
      place(process, finding.blocked_at), age);
}

std::string headline(const Report& report) {
  const uint64_t shown = report.shown();
  std::string text = shown == 0 ? "No findings" : count_text(shown, "finding");
  if (!report.complete()) text += "; the record is not complete";
  if (!report.processes.empty())
    text += " in " + report.processes.front().trace.program + " (process " +
            std::to_string(report.processes.front().trace.pid) + ")";
  return escaped(text);
}

}  // namespace

std::string_view viewer_page() {
  return {track_viewer_page, static_cast<size_t>(track_viewer_page_end - track_viewer_page)};
}

std::string filled_page(std::string_view page, const std::string& fixed,
                        const std::string& sections) {
  const size_t first = page.find(kFixedMark), second = page.find(kSectionsMark);
  if (first == std::string_view::npos || second == std::string_view::npos || second < first)
    throw Error("the viewer that was built into this track has no marks; build it anew");
  std::string result(page.substr(0, first));
  result += fixed;
  result += page.substr(first + kFixedMark.size(), second - first - kFixedMark.size());
  result += sections;
  result += page.substr(second + kSectionsMark.size());
  return result;
}

std::string html_findings(const Report& report) {
  std::string html = "<h1>" + headline(report) + "</h1>\n";
  html +=
      "<p>This is the list of findings as plain text. The page shows stacks, waits, profiles and a "
      "timeline where its script may run: save the file and open it in a browser.</p>\n";
  size_t rows = 0;
  std::string table;
  for (const ProcessReport& process : report.processes) {
    for (const Finding& finding : process.findings)
      if (finding.suppressed_by.empty() && ++rows <= kMostRows) table += row(process, finding);
    const std::string of = report.processes.size() > 1
                               ? fmt::format(" in process {}", process.trace.pid)
                               : std::string();
    if (const std::string loss = loss_text(process.trace); !loss.empty())
      html += "<p>Lost" + of + ": " + escaped(loss) + "</p>\n";
    for (const std::string& item : process.trace.not_visible)
      html += "<p>Not visible: " + escaped(item) + "</p>\n";
    for (const std::string& item : process.trace.warnings)
      html += "<p>Damage: " + escaped(item) + "</p>\n";
  }
  if (const std::string unseen = unseen_orders_text(report.orders_lost()); !unseen.empty())
    html += "<p>Not visible: " + escaped(unseen) + "</p>\n";
  if (rows != 0)
    html +=
        "<table><thead><tr><th scope=\"col\">Evidence</th><th scope=\"col\">Rule</th><th "
        "scope=\"col\">Count</th><th scope=\"col\">What, and because</th><th scope=\"col\">Created "
        "at</th><th scope=\"col\">Stuck at</th><th "
        "scope=\"col\">Oldest</th></tr></thead><tbody>\n" +
        table + "</tbody></table>\n";
  if (rows > kMostRows)
    html +=
        fmt::format("<p>{} more findings are in the data of this page.</p>\n", rows - kMostRows);
  return html;
}

std::string html_page(const Bundle& bundle, const Report& report) {
  std::string sections;
  for (const BundleSection& section : bundle.sections)
    sections += fmt::format(
        "<script type=\"application/octet-stream\" id=\"track-section-{}\" "
        "data-raw-bytes=\"{}\">{}</script>\n",
        section.name, section.raw_bytes, base64(section.packed));
  const std::string fixed = "<div id=\"track-static\">" + html_findings(report) + "</div>\n";
  return filled_page(viewer_page(), fixed, sections);
}

}  // namespace track::write
