#include "cli/analyze/baseline.h"

#include <doctest/doctest.h>

#include "cli/model/error.h"

using namespace track;
using namespace track::analyze;

namespace {

Finding finding(const std::string& fingerprint, uint64_t count) {
  Finding finding;
  finding.rule = Rule::unjoined_thread;
  finding.fingerprint = fingerprint;
  finding.count = count;
  finding.title = "threads\nnobody joined";
  finding.failing = true;
  return finding;
}

// Each finding in a process of its own.
Report report(const std::vector<Finding>& findings) {
  Report report;
  for (const Finding& finding : findings) {
    report.processes.emplace_back();
    report.processes.back().findings.push_back(finding);
  }
  return report;
}

const std::string kA = "00000000000000aa", kB = "00000000000000bb";
const std::string kText = "libtrack-baseline 1\n# why\n\n" + kA + " 3 unjoined-thread of a\n";

using Growth = Baseline::Growth;

}  // namespace

TEST_CASE("what a baseline allows does not fail; one more, and what is new, does") {
  const Baseline baseline(kText, "b");
  Report known = report({finding(kA, 1), finding(kA, 2)});
  baseline.apply(known);
  CHECK(known.failing() == 0);
  CHECK(known.shown() == 0);
  CHECK(known.baseline->known == 2);
  CHECK(known.baseline->gone.empty());

  Report grown = report({finding(kA, 1), finding(kA, 3)});
  baseline.apply(grown);
  CHECK(grown.failing() == 2);
  CHECK(grown.processes[0].findings[0].baseline == BaselineState::grown);

  Report fresh = report({finding(kB, 1)});
  baseline.apply(fresh);
  CHECK(fresh.failing() == 1);
  CHECK(fresh.processes[0].findings[0].baseline == BaselineState::fresh);
  REQUIRE(fresh.baseline->gone.size() == 1);
  CHECK(fresh.baseline->gone[0] == kA + " unjoined-thread of a");
}

TEST_CASE("what does not fail anyway is no matter of a baseline") {
  Finding hidden = finding(kA, 9);
  hidden.failing = false;
  Report quiet = report({hidden});
  Baseline(kText, "b").apply(quiet);
  CHECK(quiet.processes[0].findings[0].baseline == BaselineState::none);
  CHECK(Baseline().updated(quiet, Growth::allowed, true).entries().empty());
  // Nor is it gone: another gate's --fail-on may ask for it.
  CHECK(quiet.baseline->gone.empty());
  CHECK(Baseline(kText, "b").updated(quiet, Growth::refused, true).entries().at(kA).count == 3);
}

TEST_CASE("an update shrinks, grows only when told to, and drops nothing that was not seen") {
  const Baseline baseline(kText, "b");
  const Report fewer = report({finding(kA, 2), finding(kB, 1)});
  const Baseline shrunk = baseline.updated(fewer, Growth::refused, true);
  REQUIRE(shrunk.entries().size() == 1);
  CHECK(shrunk.entries().at(kA).count == 2);
  CHECK(baseline.updated(fewer, Growth::refused, false).entries().at(kA).count == 3);
  CHECK(baseline.updated(report({finding(kA, 5)}), Growth::refused, true).entries().at(kA).count ==
        3);
  const Baseline grown = baseline.updated(fewer, Growth::allowed, true);
  CHECK(grown.entries().size() == 2);
  CHECK(grown.entries().at(kA).count == 2);
  CHECK(baseline.updated(report({}), Growth::refused, true).entries().empty());
  CHECK(baseline.updated(report({}), Growth::refused, false).entries().size() == 1);
  // Judged by it already: what is known is still there.
  Report judged = fewer;
  baseline.apply(judged);
  CHECK(baseline.updated(judged, Growth::refused, true).text() == shrunk.text());
}

TEST_CASE("what is written is read again, whatever a title holds") {
  const Baseline baseline =
      Baseline().updated(report({finding(kA, 3), finding(kB, 1)}), Growth::allowed, true);
  const Baseline again(baseline.text(), "b");
  CHECK(again.text() == baseline.text());
  CHECK(again.entries().at(kA).title == "threads nobody joined");
}

TEST_CASE("a malformed baseline is named by file and line, and what to do") {
  const std::string head = "libtrack-baseline 1\n";
  for (const std::string& text :
       {std::string("\n"), std::string("libtrack-baseline 0\n"), std::string("{}"),
        std::string("libtrack-baseline 1x\n"), head + "nonsense\n",
        head + kA + " 0 unjoined-thread x\n", head + kA + " -1 unjoined-thread x\n",
        head + kA + " 1 no-such-rule x\n", head + "AA 1 deadlock x\n",
        head + kA + " 1 deadlock\n" + kA + " 2 deadlock\n"})
    try {
      Baseline(text, "known.baseline");
      FAIL("accepted: " << text);
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find("known.baseline:") == 0);
    }
}
