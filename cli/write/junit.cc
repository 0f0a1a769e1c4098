#include "cli/write/junit.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/model/utf8.h"
#include "cli/model/words.h"
#include "cli/write/gaps.h"
#include "cli/write/rule_help.h"
#include "cli/write/text.h"

namespace track::write {
namespace {

// For attributes, too: there a bare line end would become a space.
std::string xml(const std::string& text, bool attribute = true) {
  std::string result;
  for (const char c : printable(text)) switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':  // with it no ]]> is left
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\r':
        result += "&#13;";
        break;
      case '\n':
      case '\t':
        if (attribute)
          result += c == '\n' ? "&#10;" : "&#9;";
        else
          result += c;
        break;
      default:
        result += c;
    }
  return result;
}

struct JunitCase {
  std::string name;
  std::string failed;   // type of the failure; empty: it passed
  std::string message;  // of the failure
  std::string text;     // of the failure, else what it has to say
  bool error = false;   // not judged, rather than judged as bad
};

class JunitSuite {
 public:
  JunitSuite(const Report& report, const SourceRoot& root) : report_(report), root_(root) {
    add_record();
    for (const RuleHelp& rule : rule_help()) add_rule(rule);
  }

  std::string xml_text() const {
    const std::string counts = fmt::format(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\"", cases_.size(),
        std::count_if(cases_.begin(), cases_.end(),
                      [](const JunitCase& one) { return !one.failed.empty() && !one.error; }),
        std::count_if(cases_.begin(), cases_.end(), [](const JunitCase& one) { return one.error; }),
        seconds());
    const std::string program = program_name();
    std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    text += "<testsuites name=\"libtrack\" " + counts + ">\n";
    text += "<testsuite name=\"libtrack: " + xml(program) + "\" " + counts + " skipped=\"0\"" +
            timestamp() + ">\n";
    text += properties();
    // A dot would make a package of what is before it.
    std::string group = "libtrack." + program;
    std::replace(group.begin() + 9, group.end(), '.', '_');
    for (const JunitCase& one : cases_) text += case_text(one, group);
    text += "<system-out>" + xml(summary_line(report_), false) + "\n</system-out>\n";
    return text + "</testsuite>\n</testsuites>\n";
  }

 private:
  void add_record() {
    JunitCase one{"record complete", "", "", "", false};
    for (const std::string& gap : gaps(report_)) {
      if (one.message.empty()) one.message = gap;
      one.text += gap + "\n";
      one.failed = "record-incomplete";
      one.error = true;
    }
    cases_.push_back(one);
  }

  void add_rule(const RuleHelp& rule) {
    const std::string name = rule_name(rule.rule);
    const size_t before = cases_.size();
    JunitCase passed{name, "", "", "", false};
    for (const ProcessReport& process : report_.processes)
      for (const Finding& finding : process.findings) {
        if (finding.rule != rule.rule) continue;
        if (!finding.suppressed_by.empty())
          passed.text += "suppressed by " + finding.suppressed_by + ": " + finding.title + "\n";
        else if (finding.baseline == BaselineState::known)
          passed.text += "in the baseline: " + finding.title + "\n";
        else if (!finding.failing)
          passed.text += "below the bar, not a failure:\n" + finding_text(process, finding);
        else
          cases_.push_back(
              {name + " " + finding.fingerprint, name + "." + evidence_name(finding.evidence),
               finding.title,
               finding_text(process, finding) + "\n" + rule.brief + " " + rule.help + "\n", false});
      }
    if (cases_.size() == before || !passed.text.empty()) cases_.push_back(std::move(passed));
  }

  std::string finding_text(const ProcessReport& process, const Finding& finding) const {
    Page page({false, 100, root_.directory()});
    if (report_.processes.size() > 1)
      page.line(fmt::format("process {} {}", process.trace.pid, base_name(process.trace.program)));
    print_finding(page, process, finding);
    return page.take();
  }

  static std::string case_text(const JunitCase& one, const std::string& group) {
    const std::string head =
        fmt::format("<testcase name=\"{}\" classname=\"{}\" time=\"0\"", xml(one.name), xml(group));
    if (one.failed.empty() && one.text.empty()) return head + "/>\n";
    if (one.failed.empty())
      return head + "><system-out>" + xml(one.text, false) + "</system-out></testcase>\n";
    const std::string word = one.error ? "error" : "failure";
    return head + "><" + word + " type=\"" + xml(one.failed) + "\" message=\"" + xml(one.message) +
           "\">" + xml(one.text, false) + "</" + word + "></testcase>\n";
  }

  std::string properties() const {
    std::string text = "<properties>\n";
    const auto add = [&](const std::string& name, const std::string& value) {
      text += "<property name=\"" + name + "\" value=\"" + xml(value) + "\"/>\n";
    };
    add("findings", std::to_string(report_.shown()));
    add("failing", std::to_string(report_.failing()));
    for (const ProcessReport& process : report_.processes) {
      add("process", fmt::format("{} {}", process.trace.pid, process.trace.program));
      for (const std::string& item : process.trace.not_visible) add("not visible", item);
    }
    if (const std::string unseen = unseen_orders_text(report_.orders_lost()); !unseen.empty())
      add("not visible", unseen);
    for (const std::string& note : report_.notes) add("note", note);
    return text + "</properties>\n";
  }

  const Trace* first() const {
    return report_.processes.empty() ? nullptr : &report_.processes.front().trace;
  }

  std::string program_name() const {
    return first() == nullptr || first()->program.empty() ? "unknown" : base_name(first()->program);
  }

  std::string seconds() const {
    const uint64_t ns = first() != nullptr && first()->taken_ns > first()->start_ns
                            ? first()->taken_ns - first()->start_ns
                            : 0;
    return fmt::format("{}.{:03}", ns / 1'000'000'000, ns / 1'000'000 % 1000);
  }

  std::string timestamp() const {
    if (first() == nullptr || first()->start_realtime_ns == 0) return {};
    std::string time = utc_text(first()->start_realtime_ns);
    time.resize(19);  // without fractions and zone: so the schema has it
    return " timestamp=\"" + time + "\"";
  }

  const Report& report_;
  const SourceRoot& root_;
  std::vector<JunitCase> cases_;
};

}  // namespace

std::string junit_report(const Report& report, const SourceRoot& root) {
  return JunitSuite(report, root).xml_text();
}

}  // namespace track::write
