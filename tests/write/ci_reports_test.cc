// The reports for CI servers: what each of them promises to its readers, and names that try to be
// more than names.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/analyze/judge.h"
#include "cli/model/utf8.h"
#include "cli/write/gaps.h"
#include "cli/write/github.h"
#include "cli/write/gitlab.h"
#include "cli/write/junit.h"
#include "cli/write/markdown.h"
#include "cli/write/rule_help.h"
#include "cli/write/sarif.h"
#include "tests/support/trace_builder.h"

using namespace track;
using nlohmann::json;
using test::TraceBuilder;
using write::SourceRoot;

namespace {

const SourceRoot kRoot("/src");

ProcessReport leaking(const std::string& function = "start") {
  TraceBuilder t;
  t.add_thread(TaskState::ended).created_at = t.stack({function + "@4", "main@9"});
  ProcessReport process;
  process.findings = analyze::judge(t.trace, t.symbols, {});
  for (Finding& finding : process.findings) finding.failing = true;
  process.trace = t.trace;
  process.symbols = t.symbols;
  return process;
}

Report one_finding(const std::string& function = "start") {
  Report report;
  report.processes.push_back(leaking(function));
  return report;
}

Report no_finding() {
  Report report = one_finding();
  report.processes[0].findings.clear();
  return report;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

size_t times(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

json sarif(const Report& report) {
  return json::parse(write::sarif_report(report, kRoot));
}

}  // namespace

TEST_CASE("paths are relative to the source root, and those of others are whole") {
  CHECK(kRoot.below("/src/a/b.cc") == "a/b.cc");
  CHECK(kRoot.below("/src/a/../b.cc") == "b.cc");
  CHECK(kRoot.below("a/b.cc") == "a/b.cc");
  CHECK_FALSE(kRoot.below("/srcs/a.cc"));
  CHECK_FALSE(kRoot.below("/src/../usr/a.cc"));
  CHECK_FALSE(kRoot.below("./a.cc"));
  CHECK_FALSE(kRoot.below("../a.cc"));
  CHECK_FALSE(kRoot.below("/src"));
  CHECK_FALSE(kRoot.below(""));
  CHECK(kRoot.shown("/usr/a.cc") == "/usr/a.cc");
  CHECK(SourceRoot("/src/").below("/src/a.cc") == "a.cc");
  CHECK(SourceRoot("/").below("/src/a.cc") == "src/a.cc");
}

TEST_CASE("a path from a build directory is the project's only where the file is") {
  char name[] = "/tmp/track-test-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  std::ofstream(std::string(name) + "/a.cc") << "int a;\n";
  const SourceRoot root(name);
  CHECK(root.below("../../a.cc") == "a.cc");
  CHECK(root.below("./a.cc") == "a.cc");
  CHECK_FALSE(root.below("../csu/libc-start.c"));
  CHECK_FALSE(root.below(".."));
  std::filesystem::remove_all(name);
}

TEST_CASE("JUnit: a case for each rule and each finding, and the counts are those of the cases") {
  const std::string text = write::junit_report(one_finding(), kRoot);
  CHECK(times(text, "<testcase ") == 1 + write::rule_help().size());
  CHECK(times(text, "<failure ") == 1);
  CHECK(times(text, "<error ") == 0);
  CHECK(has(text, "<failure type=\"unjoined-thread.proved\""));
  CHECK(times(text, "tests=\"16\" failures=\"1\" errors=\"0\"") == 2);
  CHECK(has(text, "<testcase name=\"record complete\" classname=\"libtrack.server\" time=\"0\"/>"));
  CHECK(has(text, " time=\"30.000\""));
}

TEST_CASE("JUnit: what does not fail, and what is suppressed, is told without a failure") {
  Report report = one_finding();
  report.processes[0].findings[0].failing = false;
  std::string text = write::junit_report(report, kRoot);
  CHECK(times(text, "<failure ") == 0);
  CHECK(has(text, "below the bar"));
  report.processes[0].findings[0].suppressed_by = "rule:unjoined-thread";
  text = write::junit_report(report, kRoot);
  CHECK(times(text, "<failure ") == 0);
  CHECK(has(text, "suppressed by rule:unjoined-thread"));
}

TEST_CASE("a run of which something was missed is clean in no format") {
  CHECK(write::gaps(no_finding()).empty());
  CHECK(write::github_annotations(no_finding(), kRoot).empty());
  CHECK(json::parse(write::gitlab_report(no_finding(), kRoot)).empty());
  std::vector<Report> reports(7, no_finding());
  reports[0].processes[0].trace.lost["stacks"] = 2;
  reports[1].processes[0].trace.warnings.emplace_back("torn");
  reports[2].processes[0].trace.end = ProcessEnd::killed;
  reports[3].processes[0].trace.end = ProcessEnd::unseen;
  reports[4].processes[0].trace.executed = "/bin/sh";
  reports[5].processes[0].trace.end = ProcessEnd::timed_out;
  reports[6].processes.clear();
  for (const Report& report : reports) {
    REQUIRE(write::gaps(report).size() == 1);
    const std::string gap = write::gaps(report)[0];
    INFO(gap);
    const std::string junit = write::junit_report(report, kRoot);
    CHECK(times(junit, "<error type=\"record-incomplete\"") == 1);
    CHECK(times(junit, "failures=\"0\" errors=\"1\"") == 2);
    const json run = sarif(report)["runs"][0];
    CHECK(run["invocations"][0]["executionSuccessful"] == false);
    const json told = run["invocations"][0]["toolExecutionNotifications"][0];
    CHECK(told["level"] == "error");
    CHECK(told["message"]["text"] == gap);
    CHECK(write::github_annotations(report, kRoot).starts_with("::warning title=libtrack%3A the "));
    CHECK(json::parse(write::gitlab_report(report, kRoot))[0]["check_name"] == "record-incomplete");
    CHECK(has(write::markdown_report(report, kRoot), "The record is not complete"));
  }
}

TEST_CASE("a process that lives is a gap of a run that is over, and none of a look at it") {
  Report report = no_finding();
  report.processes[0].trace.gone = false;
  report.processes[0].trace.end = ProcessEnd::alive;
  CHECK(write::gaps(report).empty());
  report.processes.push_back(leaking());
  CHECK(write::gaps(report).size() == 1);
}

TEST_CASE("SARIF: rules, levels, fingerprints, stacks and locations") {
  Report report = one_finding();
  report.processes[0].findings[0].title = "a {brace}";
  report.processes[0].findings.push_back(report.processes[0].findings[0]);
  report.processes[0].findings[1].evidence = Evidence::likely;
  report.processes[0].findings[1].suppressed_by = "rule:unjoined-thread";
  const json log = sarif(report);
  CHECK(log["version"] == "2.1.0");
  const json run = log["runs"][0];
  const json rules = run["tool"]["driver"]["rules"];
  REQUIRE(rules.size() == write::rule_help().size());
  for (size_t i = 0; i < rules.size(); ++i) {
    CHECK(parse_rule(rules[i]["id"].get<std::string>()) == static_cast<Rule>(i));
    CHECK(rules[i]["help"]["text"].get<std::string>().size() > 30);
  }
  CHECK(run["originalUriBaseIds"]["SRCROOT"]["uri"] == "file:///src/");
  CHECK(run["invocations"][0]["executionSuccessful"] == true);
  const json first = run["results"][0], second = run["results"][1];
  CHECK(first["ruleId"] == "unjoined-thread");
  CHECK(rules[first["ruleIndex"].get<size_t>()]["id"] == first["ruleId"]);
  CHECK(first["level"] == "error");
  CHECK(second["level"] == "warning");
  CHECK(first["message"]["text"].get<std::string>().starts_with("a {{brace}}\nbecause: "));
  CHECK(first["partialFingerprints"]["libtrack/v1"] == report.processes[0].findings[0].fingerprint);
  const json place = first["locations"][0]["physicalLocation"];
  CHECK(place["artifactLocation"]["uri"] == "start.cc");
  CHECK(place["artifactLocation"]["uriBaseId"] == "SRCROOT");
  CHECK(place["region"]["startLine"] == 4);
  REQUIRE(first["stacks"].size() == 1);
  CHECK(first["stacks"][0]["message"]["text"] == "created at");
  CHECK(first["stacks"][0]["frames"].size() == 2);
  CHECK(first["suppressions"].empty());
  CHECK(second["suppressions"][0]["kind"] == "external");
  const json elsewhere =
      json::parse(write::sarif_report(report, SourceRoot("/home/a b/c%d")))["runs"][0];
  CHECK(elsewhere["originalUriBaseIds"]["SRCROOT"]["uri"] == "file:///home/a%20b/c%25d/");
  const json whole = elsewhere["results"][0]["locations"][0]["physicalLocation"];
  CHECK(whole["artifactLocation"]["uri"] == "file:///src/start.cc");
  CHECK_FALSE(whole["artifactLocation"].contains("uriBaseId"));
}

TEST_CASE("a coroutine is shown at its co_await, not where its frame was allocated") {
  Report report = one_finding();
  ProcessReport& process = report.processes[0];
  process.trace.functions.emplace_back("session");
  process.trace.await_points.resize(2);
  process.trace.await_points[1].file = "/src/session.cc";
  process.trace.await_points[1].line = 55;
  AwaitFrame frame;
  frame.function = frame.await_point = 1;
  process.findings[0].await_chain = {frame};
  const auto uri_of = [&] {
    return sarif(report)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
                        ["artifactLocation"]["uri"];
  };
  CHECK(uri_of() == "start.cc");  // that of another one of its chain
  process.findings[0].await_chain[0].self = true;
  CHECK(uri_of() == "session.cc");
}

TEST_CASE("a finding without a line of source names its program") {
  Report report = one_finding();
  report.processes[0].symbols.code.clear();
  const json place = sarif(report)["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
  CHECK(place["artifactLocation"]["uri"] == "file:///bin/server");
  CHECK_FALSE(place.contains("region"));
  const json entry = json::parse(write::gitlab_report(report, kRoot))[0];
  CHECK(entry["location"]["path"] == "/bin/server");
  CHECK(entry["location"]["lines"]["begin"] == 1);
  CHECK(write::github_annotations(report, kRoot)
            .starts_with("::error title=libtrack%3A unjoined-thread (proved)::"));
}

TEST_CASE("GitHub: what would end a property or the line is escaped") {
  Report report = one_finding("a,b:c%d");
  report.processes[0].findings[0].title = "50% of: a, b\r\nc";
  const std::string text = write::github_annotations(report, kRoot);
  CHECK(
      text.starts_with("::error file=a%2Cb%3Ac%25d.cc,line=4,"
                       "title=libtrack%3A unjoined-thread (proved)::50%25 of: a, b%0D%0Ac%0A"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  report.processes[0].findings[0].failing = false;
  CHECK(write::github_annotations(report, kRoot).starts_with("::warning file="));
  report.processes[0].findings[0].evidence = Evidence::suspected;
  CHECK(write::github_annotations(report, kRoot).starts_with("::notice file="));
  report.processes[0].findings[0].suppressed_by = "x";
  CHECK(write::github_annotations(report, kRoot).empty());
}

TEST_CASE("GitLab: every entry has what is required, and a fingerprint of its own") {
  Report report = one_finding();
  report.processes.push_back(leaking());
  const json entries = json::parse(write::gitlab_report(report, kRoot));
  REQUIRE(entries.size() == 2);
  CHECK(entries[0]["check_name"] == "unjoined-thread");
  CHECK(entries[0]["severity"] == "critical");
  CHECK(entries[0]["location"]["path"] == "start.cc");
  CHECK(entries[0]["location"]["lines"]["begin"] == 4);
  CHECK(entries[0]["fingerprint"] == report.processes[0].findings[0].fingerprint);
  CHECK(entries[1]["fingerprint"] == report.processes[0].findings[0].fingerprint + "-2");
}

TEST_CASE("Markdown: a row and the details of each finding, as many as there is room for") {
  Report report = one_finding();
  report.processes[0].findings[0].title = "a | b <c> `d` @e";
  report.processes[0].findings[0].because = {"```` in it"};
  const std::string text = write::markdown_report(report, kRoot);
  CHECK(has(text,
            "| 1 | proved | unjoined-thread | 1 | a \\| b &lt;c&gt; \\`d\\` &#64;e | "
            "start.cc:4 |"));
  CHECK(has(text, "<summary>1. unjoined-thread: a | b &lt;c&gt; `d` @e</summary>"));
  CHECK(has(text, "\n`````text\n"));
  CHECK(has(write::markdown_report(report, kRoot, 400), "1 more findings are not shown here."));
  CHECK(has(write::markdown_report(no_finding(), kRoot), "no findings in server"));
}

TEST_CASE("hostile names break no format") {
  const std::string hostile =
      "]]></failure>\x01\x1b[2J\"'<&>{0}\xff\xc3\n::error::\xef\xbf\xbf\x7f";
  Report report = one_finding(hostile);
  ProcessReport& process = report.processes[0];
  process.trace.program = "/bin/" + hostile;
  process.trace.lost["stacks"] = 1;
  process.trace.not_visible = {hostile};
  report.notes = {hostile};
  process.findings[0].title = hostile;
  process.findings[0].because = {hostile};
  process.findings[0].suppressed_by = "";
  report.suppressions.push_back({hostile, 1});
  const std::string junit = write::junit_report(report, kRoot);
  CHECK(printable(junit) == junit);
  CHECK_FALSE(has(junit, "]]>"));
  CHECK(times(junit, "</failure>") == 1);
  for (const std::string& text :
       {write::sarif_report(report, kRoot), write::gitlab_report(report, kRoot)}) {
    CHECK(printable(text) == text);
    CHECK(json::accept(text));
  }
  const json place = sarif(report)["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
  CHECK(has(place["artifactLocation"]["uri"], "%FF%C3%0A"));
  const std::string github = write::github_annotations(report, kRoot);
  CHECK(printable(github) == github);
  CHECK(times("\n" + github, "\n::") == 2);
  const std::string markdown = write::markdown_report(report, kRoot);
  CHECK(printable(markdown) == markdown);
  CHECK(has(markdown, "| \\]\\]&gt;&lt;/failure&gt;"));
}
