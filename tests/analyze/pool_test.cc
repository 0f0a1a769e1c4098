#include "cli/analyze/pool.h"

#include <doctest/doctest.h>

#include "cli/analyze/stuck.h"
#include "tests/support/trace_builder.h"

using namespace track;

namespace {

constexpr uint64_t kPool = 0x600100, kOther = 0x600200, kJob = 0x600300, kReply = 0x600400;

// Threads that work for declared pools. Those that wait are in Fixpoint::waiting, with a job that
// their stack leads to.
struct Workers : test::TraceBuilder {
  Workers() {
    made = stack({"make_pool@7", "main@20"});
    in_decode = stack({"decode@12", "JobPool::work@40"});
    in_verify = stack({"verify@30", "JobPool::work@40"});
    idle = stack({"JobPool::work@33"});
  }
  uint32_t add(uint64_t pool, uint32_t jobs, StackIndex at, bool tells = true) {
    Thread& thread = add_thread();
    thread.created_at = made;
    thread.works_for = {pool, jobs, tells, pool == 0 ? "" : "decoders"};
    waits(thread.id, WaitKind::condition, kReply + thread.id);
    thread.wait.stack = at;
    StuckThread waiting;
    waiting.id = thread.id;
    waiting.sequence = thread.wait.sequence;
    waiting.object = thread.wait.object;
    waiting.queued_job = kJob;
    fixpoint.waiting.push_back(waiting);
    return thread.id;
  }
  std::vector<Finding> suspected() { return analyze::find_exhausted(trace, symbols, fixpoint, {}); }
  std::vector<Finding> stuck() {
    fixpoint.threads = fixpoint.waiting;
    fixpoint.coherent = true;
    return analyze::find_stuck(trace, symbols, fixpoint, {});
  }

  StackIndex made, in_decode, in_verify, idle;
  Fixpoint fixpoint;
};

}  // namespace

TEST_CASE("a declared pool whose workers all wait in jobs is exhausted, whatever runs its jobs") {
  Workers workers;
  workers.add(kPool, 1, workers.in_verify);
  workers.add(kPool, 1, workers.in_decode);
  workers.add(kOther, 0, workers.idle);  // made at the same place
  const auto findings = workers.suspected();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == Rule::pool_exhausted);
  CHECK(findings[0].evidence == Evidence::suspected);
  CHECK(findings[0].count == 2);
  CHECK(findings[0].pool == "decoders");
  CHECK(findings[0].title ==
        "all 2 workers of pool 'decoders' wait for work that is queued for themselves");
  CHECK(findings[0].blocked_at == workers.in_decode);
}

TEST_CASE("workers of a declared pool that can never go on are one proved finding") {
  Workers workers;
  workers.add(kPool, 2, workers.in_verify);
  workers.add(kPool, 1, workers.in_decode);
  const auto findings = workers.stuck();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == Rule::pool_exhausted);
  CHECK(findings[0].evidence == Evidence::proved);
  CHECK(findings[0].count == 2);
  CHECK(findings[0].pool == "decoders");
  CHECK(findings[0].tasks.size() == 2);
}

TEST_CASE("the only worker, without a name for its pool") {
  Workers workers;
  workers.thread(workers.add(kPool, 1, workers.in_decode)).works_for.name.clear();
  const auto findings = workers.suspected();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].title ==
        "the only worker of pool 'unnamed' waits for work that is queued for itself");
}

TEST_CASE("clean: a declared pool with a worker that is free, or may be") {
  Workers workers;
  workers.add(kPool, 1, workers.in_decode);
  SUBCASE("it waits for a job") {
    workers.add(kPool, 0, workers.idle);
  }
  SUBCASE("it has only just come, and told nothing yet") {
    workers.add(kPool, 0, workers.idle, false);
  }
  SUBCASE("it runs") {
    workers.thread(workers.add(kPool, 1, workers.in_decode)).wait = {};
  }
  SUBCASE("it has not waited for long") {
    const uint32_t second = workers.add(kPool, 1, workers.in_decode);
    workers.trace.gone = false;
    workers.thread(second).wait.since_ns = workers.trace.taken_ns - 1000;
  }
  SUBCASE("somebody from before the attach may be one") {
    workers.trace.attached = true;
    workers.add_thread();
  }
  SUBCASE("somebody could not be recorded") {
    workers.trace.lost["tasks"] = 1;
  }
  CHECK(workers.suspected().empty());
}

TEST_CASE("workers that never tell of their jobs are in one where a known class runs it") {
  Workers workers;
  SUBCASE("none does") {
    workers.add(kPool, 0, workers.in_decode, false);
    CHECK(workers.suspected().empty());
  }
  SUBCASE("std::function") {
    workers.add(kPool, 0, workers.stack({"decode@12", "std::function<void ()>::operator()@9"}),
                false);
    REQUIRE(workers.suspected().size() == 1);
    CHECK(workers.suspected()[0].pool == "decoders");
  }
}

TEST_CASE("threads that are in no declared pool are one by the place where they were made") {
  Workers workers;
  const StackIndex at = workers.stack({"decode@12", "std::function<void ()>::operator()@9"});
  workers.add(0, 0, at);
  workers.add(0, 0, at);
  const auto findings = workers.suspected();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].pool.empty());
  CHECK(findings[0].title ==
        "all 2 threads created in make_pool wait for work that is queued for themselves");
}
