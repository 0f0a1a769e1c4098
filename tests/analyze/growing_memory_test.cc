#include "cli/analyze/growing_memory.h"

#include <doctest/doctest.h>

#include "tests/support/trace_builder.h"

using namespace track;

namespace {

// Looks at one process, a minute apart, each with so many blocks from cache() and from parse().
class Looks {
 public:
  void add(uint64_t cached, uint64_t parsed, uint64_t block_bytes = 1024) {
    test::TraceBuilder builder;
    // Numbered differently at each look, as a recording may have them.
    for (size_t i = 0; i < processes_.size(); ++i) builder.stack({"other@1"});
    const StackIndex cache = builder.stack({"cache@9", "main@3"});
    const StackIndex parse = builder.stack({"parse@5", "main@4"});
    builder.trace.heap.record = HeapRecord::kept;
    builder.trace.heap.sites = {{cache, block_bytes, cached}, {parse, block_bytes, parsed}};
    builder.trace.taken_ns += processes_.size() * 60'000'000'000;
    processes_.push_back({std::move(builder.trace), std::move(builder.symbols), {}, {}});
  }
  std::vector<Finding> growth() const {
    std::vector<const ProcessReport*> looks;
    for (const ProcessReport& process : processes_) looks.push_back(&process);
    return analyze::find_growing_memory(looks);
  }
  ProcessReport& last() { return processes_.back(); }

 private:
  std::vector<ProcessReport> processes_;
};

}  // namespace

TEST_CASE("blocks of one origin that take more at each look are suspected") {
  Looks looks;
  looks.add(50, 100);
  looks.add(90, 80);
  looks.add(150, 120);
  const std::vector<Finding> findings = looks.growth();
  REQUIRE(findings.size() == 1);
  const Finding& finding = findings[0];
  CHECK(finding.rule == Rule::growing_memory);
  CHECK(finding.evidence == Evidence::suspected);
  CHECK(finding.title == "150 KiB in 150 blocks of one origin, and it becomes more");
  CHECK(finding.bytes_held == 150 << 10);
  CHECK(finding.because.at(0) == "it was 50 KiB, 90 KiB, 150 KiB at 3 looks within 2 min 0 s");
  CHECK(finding.because.at(1) == "some 3.0 MiB more an hour; at this rate 71 MiB more in a day");
  CHECK(finding.created_at != 0);
  CHECK_FALSE(finding.fingerprint.empty());
}

TEST_CASE("the one that takes most comes first") {
  Looks looks;
  for (uint64_t i = 1; i < 4; ++i) looks.add(20 * i, 50 * i);
  const std::vector<Finding> findings = looks.growth();
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].bytes_held == 150 << 10);
}

TEST_CASE("two looks need twice as much, and a beginning") {
  Looks doubled, grown, fresh;
  doubled.add(50, 1);
  doubled.add(100, 1);
  CHECK(doubled.growth().size() == 1);
  grown.add(50, 1);
  grown.add(90, 1);
  CHECK(grown.growth().empty());
  fresh.add(0, 1);
  fresh.add(90, 1);
  CHECK(fresh.growth().empty());
}

TEST_CASE("clean: what rises and falls, little, and by little") {
  Looks wave, small, slight;
  for (const uint64_t n : {50, 200, 100}) wave.add(n, 1);
  CHECK(wave.growth().empty());
  for (const uint64_t n : {1, 5, 10}) small.add(n, 1);
  CHECK(small.growth().empty());
  for (const uint64_t n : {1000, 1050, 1100}) slight.add(n, 1);
  CHECK(slight.growth().empty());
}

TEST_CASE(
    "clean: looks without a record of the heap say nothing, and unknown places are no origin") {
  Looks looks;
  for (const uint64_t n : {50, 100, 200}) looks.add(n, 1);
  looks.last().trace.heap.record = HeapRecord::off;
  CHECK(looks.growth().empty());
  Looks unknown;
  for (const uint64_t n : {50, 100, 200}) {
    unknown.add(0, 1);
    unknown.last().trace.heap.sites.push_back({0, 1024, n});
  }
  CHECK(unknown.growth().empty());
}
