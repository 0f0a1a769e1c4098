#include "cli/analyze/suppressions.h"

#include <doctest/doctest.h>

#include "cli/analyze/fail_on.h"
#include "cli/analyze/judge.h"
#include "cli/model/error.h"
#include "tests/support/trace_builder.h"

using namespace track;
using namespace track::analyze;
using test::TraceBuilder;

namespace {

// One unjoined thread made by net::accept_client, under the given suppressions.
std::vector<Finding> suppressed(const std::string& text, uint64_t* hits = nullptr) {
  TraceBuilder t;
  t.add_thread(TaskState::ended).created_at = t.stack({"net::accept_client(int)@4", "main@9"});
  auto findings = judge(t.trace, t.symbols, {});
  auto list = parse_suppressions(text, "known.supp");
  apply_suppressions(list, findings, t.trace, t.symbols);
  if (hits != nullptr) *hits = list.at(0).hits;
  return findings;
}

bool hides(const std::string& text) {
  return !suppressed(text).at(0).suppressed_by.empty();
}

}  // namespace

TEST_CASE("wildcards match any run of characters, and patterns the whole name") {
  CHECK(matches("*", ""));
  CHECK(matches("a*c", "abbc"));
  CHECK(matches("a*b*c", "axxbyybc"));
  CHECK_FALSE(matches("a*c", "abcd"));
  CHECK_FALSE(matches("abc", "abcd"));
  CHECK_FALSE(matches("", "a"));
}

TEST_CASE("a rule with a pattern looks at the stacks of that rule only") {
  CHECK(hides("unjoined-thread:net::accept_*"));
  CHECK(hides("unjoined-thread:main"));
  CHECK_FALSE(hides("outlived-task:net::accept_*"));
  CHECK_FALSE(hides("unjoined-thread:other"));
}

TEST_CASE("created_by and rule suppress on their own") {
  CHECK(hides("created_by:net::accept_client"));
  CHECK(hides("created_by:net::accept_client(int)"));
  CHECK(hides("rule:unjoined-thread"));
  CHECK_FALSE(hides("rule:deadlock"));
}

TEST_CASE("hits are counted, comments and blank lines are not patterns") {
  uint64_t hits = 0;
  suppressed("created_by:*accept*\n\n# nothing: here\n", &hits);
  CHECK(hits == 1);
  CHECK(parse_suppressions("# a\n\n   \n", "f").empty());
}

TEST_CASE("a malformed line is named by file and line") {
  for (const char* text : {"\nnonsense", "\nno-such-rule:x", "\nrule:no-such-rule", "\ndeadlock:"})
    try {
      parse_suppressions(text, "known.supp");
      FAIL("accepted: " << text);
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find("known.supp:2: ") == 0);
    }
}

TEST_CASE("by default what is likely or better fails, and what is suppressed does not") {
  Finding finding;
  finding.rule = Rule::deadlock;
  finding.evidence = Evidence::likely;
  CHECK(FailOn().fails(finding));
  finding.suppressed_by = "x";
  CHECK_FALSE(FailOn().fails(finding));
  finding.suppressed_by.clear();
  finding.evidence = Evidence::suspected;
  CHECK_FALSE(FailOn().fails(finding));
}

TEST_CASE("a list names rules, and how strong their evidence must be") {
  Finding finding;
  finding.rule = Rule::outlived_task;
  finding.evidence = Evidence::suspected;
  CHECK(FailOn("outlived-task").fails(finding));
  CHECK(FailOn("deadlock,outlived-task:suspected").fails(finding));
  CHECK(FailOn("all:suspected").fails(finding));
  CHECK_FALSE(FailOn("outlived-task:proved").fails(finding));
  CHECK_FALSE(FailOn("deadlock").fails(finding));
  CHECK_FALSE(FailOn("none").fails(finding));
  CHECK_THROWS_AS(FailOn("deadlok"), Error);
  CHECK_THROWS_AS(FailOn("deadlock:certain"), Error);
}

TEST_CASE("a suppression made for a finding hides it, and is said with what it hides") {
  TraceBuilder t;
  t.add_thread(TaskState::ended).created_at = t.stack({"net::accept_client(int)@4", "main@9"});
  auto findings = judge(t.trace, t.symbols, {});
  const std::string text = suppression_for(findings.at(0), t.trace, t.symbols);
  CHECK(text.find("# unjoined-thread (") == 0);
  CHECK(text.find("\nunjoined-thread:net::accept_client\n") != std::string::npos);
  auto list = parse_suppressions(text, "made");
  apply_suppressions(list, findings, t.trace, t.symbols);
  CHECK_FALSE(findings.at(0).suppressed_by.empty());
}

TEST_CASE("a finding whose places have no names is not hidden by a guess") {
  TraceBuilder t;
  Finding finding;
  finding.rule = Rule::stuck_task;
  CHECK(parse_suppressions(suppression_for(finding, t.trace, t.symbols), "made").empty());
}

TEST_CASE("a suppression made for a finding does not hide what every program does") {
  TraceBuilder t;
  Finding finding;
  finding.rule = Rule::deadlock;
  finding.created_at = t.stack({"main@9"});
  CHECK(parse_suppressions(suppression_for(finding, t.trace, t.symbols), "made").empty());
  finding.blocked_at = t.stack({"bank::transfer()@4", "main@9"});
  CHECK(suppression_for(finding, t.trace, t.symbols).find("\ndeadlock:bank::transfer\n") !=
        std::string::npos);
}
