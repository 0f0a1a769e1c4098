#include "cli/analyze/growth.h"

#include <doctest/doctest.h>

#include "tests/support/trace_builder.h"

using namespace track;

namespace {

// Looks at one process, each with the threads and coroutines that it is given.
class Looks {
 public:
  // Threads from first to first + count, made in serve().
  void threads(uint32_t first, uint32_t count, const std::string& function = "serve@7") {
    test::TraceBuilder builder;
    const StackIndex created = builder.stack({function, "main@3"});
    for (uint32_t i = 0; i < count; ++i) {
      Thread& thread = builder.add_thread();
      thread.id = first + i;
      thread.created_at = created;
    }
    add(builder);
  }
  void coroutines(uint64_t first, uint64_t count) {
    test::TraceBuilder builder;
    const StackIndex created = builder.stack({"accept@9", "main@3"});
    for (uint64_t i = 0; i < count; ++i)
      builder.add_coroutine("session()", created).address = 0x1000 * (first + i);
    add(builder);
  }
  // Of two functions, and nobody knows who made them.
  void unplaced(uint64_t count) {
    test::TraceBuilder builder;
    for (uint64_t i = 0; i < count; ++i) {
      builder.add_coroutine("session()", 0).address = 0x10000 + 0x1000 * i;
      builder.add_coroutine("request()", 0).address = 0x10000000 + 0x1000 * i;
    }
    add(builder);
  }
  std::vector<Finding> growth() const {
    std::vector<const ProcessReport*> looks;
    for (const ProcessReport& process : processes_) looks.push_back(&process);
    return analyze::find_growth(looks);
  }
  const std::vector<ProcessReport>& all() const { return processes_; }

 private:
  void add(test::TraceBuilder& builder) {
    builder.trace.taken_ns += processes_.size() * 60'000'000'000;
    processes_.push_back({std::move(builder.trace), std::move(builder.symbols), {}, {}});
  }
  std::vector<ProcessReport> processes_;
};

}  // namespace

TEST_CASE("tasks of one origin that become more at each of three looks are suspected") {
  Looks looks;
  looks.threads(2, 2);
  looks.threads(2, 4);
  looks.threads(2, 7);
  const std::vector<Finding> findings = looks.growth();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == Rule::growing_tasks);
  CHECK(findings[0].evidence == Evidence::suspected);
  CHECK(findings[0].count == 7);
  CHECK(findings[0].tasks.size() == 7);
  CHECK(findings[0].title == "7 threads created in serve, and they become more");
  CHECK(findings[0].because.at(0) == "there were 2, 4, 7 of them at 3 looks within 2 min 0 s");
  CHECK(findings[0].because.at(1) == "some 150 more an hour; at this rate 3600 more in a day");
  CHECK_FALSE(findings[0].fingerprint.empty());
}

TEST_CASE("of those that nobody knows the maker of, their functions tell them apart") {
  Looks looks;
  for (const uint64_t count : {2, 5, 9}) looks.unplaced(count);
  const std::vector<Finding> findings = looks.growth();
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].title != findings[1].title);
  CHECK(findings[0].fingerprint != findings[1].fingerprint);
}

TEST_CASE("the same origin is known at each look, whatever its number there") {
  Looks looks;
  looks.coroutines(1, 5);
  looks.coroutines(1, 9);
  looks.coroutines(1, 14);
  const std::vector<Finding> findings = looks.growth();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].title == "14 coroutines of session, and they become more");
}

TEST_CASE("two looks need more: twice as many, and many") {
  Looks doubled;
  doubled.coroutines(1, 10);
  doubled.coroutines(1, 20);
  CHECK(doubled.growth().size() == 1);
  Looks few;
  few.coroutines(1, 2);
  few.coroutines(1, 5);
  CHECK(few.growth().empty());
  Looks little;
  little.coroutines(1, 100);
  little.coroutines(1, 150);
  CHECK(little.growth().empty());
  Looks fresh;
  fresh.coroutines(1, 0);
  fresh.coroutines(1, 50);
  CHECK(fresh.growth().empty());
}

TEST_CASE("clean: load that rises has other tasks at each look") {
  Looks looks;
  looks.coroutines(1, 10);
  looks.coroutines(101, 20);
  looks.coroutines(201, 40);
  CHECK(looks.growth().empty());
}

TEST_CASE("clean: what rises and falls, and what stays") {
  Looks wave;
  wave.threads(2, 4);
  wave.threads(2, 9);
  wave.threads(2, 8);
  CHECK(wave.growth().empty());
  Looks pool;
  for (int i = 0; i < 5; ++i) pool.threads(2, 16);
  CHECK(pool.growth().empty());
  Looks filled;
  filled.threads(2, 2);
  filled.threads(2, 16);
  filled.threads(2, 16);
  CHECK(filled.growth().empty());
}

TEST_CASE("clean: one look more or less of a few threads is no growth") {
  Looks looks;
  looks.threads(2, 1);
  looks.threads(2, 2);
  looks.threads(2, 3);
  CHECK(looks.growth().empty());
  Looks one;
  one.threads(2, 50);
  CHECK(one.growth().empty());
}

TEST_CASE("clean: each origin is counted alone") {
  Looks looks;
  looks.threads(2, 4, "first@1");
  looks.threads(2, 8, "second@2");
  looks.threads(2, 16, "third@3");
  CHECK(looks.growth().empty());
}

TEST_CASE("looks at one process are told from looks at two") {
  Looks looks;
  looks.threads(2, 1);
  looks.threads(2, 1);
  const Trace& trace = looks.all().at(0).trace;
  CHECK(analyze::same_process(trace, looks.all().at(1).trace));
  Trace other = trace;
  other.pid = 901;
  CHECK_FALSE(analyze::same_process(trace, other));
  other = trace;
  other.start_realtime_ns += 1;
  CHECK_FALSE(analyze::same_process(trace, other));
}
