// What people write by hand: suppression files, and the list of --fail-on (an input's first line).
#include "cli/analyze/baseline.h"
#include "cli/analyze/fail_on.h"
#include "cli/analyze/judge.h"
#include "cli/analyze/suppressions.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/dump_processes.h"

namespace track::fuzz {

std::vector<std::string> seeds() {
  return {
      "deadlock:proved,stuck-task:likely\n# known\nunjoined-thread:net::accept_*\n"
      "rule:outlived-task\ncreated_by:*start*\n",
      "libtrack-baseline 1\n0123456789abcdef 3 unjoined-thread two threads\n"
      "00000000000000ff 1 deadlock a b\n",
      "all:suspected\ndeadlock:*\nstuck-task:*a*b*c*\nrule:*held*\n"};
}

}  // namespace track::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace track;
  static const ProcessReport kProcess = [] {
    Loaded loaded = test::everything();
    loaded.report.findings = analyze::judge(loaded.report.trace, loaded.report.symbols,
                                            loaded.deadlocks, loaded.fixpoint);
    return std::move(loaded.report);
  }();
  const std::string text(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(text.find('\n'), text.size());
  std::vector<Finding> findings = kProcess.findings;
  fuzz::allow_refusal([&] {
    const analyze::FailOn fail_on(text.substr(0, line));
    for (Finding& finding : findings) finding.failing = fail_on.fails(finding);
  });
  fuzz::allow_refusal([&] {
    auto suppressions = analyze::parse_suppressions(text.substr(line), "fuzzed");
    analyze::apply_suppressions(suppressions, findings, kProcess.trace, kProcess.symbols);
  });
  fuzz::allow_refusal([&] {
    const analyze::Baseline baseline(text, "fuzzed");
    Report report;
    report.processes.emplace_back(kProcess);
    baseline.apply(report);
    const analyze::Baseline again(baseline.text(), "written");
    if (again.text() != baseline.text()) __builtin_trap();
  });
  return 0;
}
