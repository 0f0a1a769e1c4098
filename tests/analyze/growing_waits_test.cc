#include "cli/analyze/growing_waits.h"

#include <doctest/doctest.h>

#include "tests/support/trace_builder.h"

using namespace track;

namespace {

constexpr uint64_t kLock = 0x480000;

// Looks at one process in which thread 2 holds the lock and so many others wait for it.
class Looks {
 public:
  void waiting(uint32_t count, uint32_t sequence = 2, WaitKind kind = WaitKind::mutex) {
    test::TraceBuilder builder;
    const StackIndex at = builder.stack({"pay@21", "serve@9"});
    builder.add_thread();
    builder.holds(2, kLock);
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t id = builder.add_thread().id;
      builder.waits(id, kind, kLock);
      builder.thread(id).wait.sequence = sequence;
      builder.thread(id).wait.stack = at;
    }
    builder.symbols.objects[kLock] = "accounts";
    builder.trace.taken_ns += processes_.size() * 60'000'000'000;
    processes_.push_back({std::move(builder.trace), std::move(builder.symbols), {}, {}});
  }
  std::vector<Finding> growth() const {
    std::vector<const ProcessReport*> looks;
    for (const ProcessReport& process : processes_) looks.push_back(&process);
    return analyze::find_growing_waits(looks);
  }
  std::vector<ProcessReport> processes_;
};

}  // namespace

TEST_CASE("more and more waiters for one lock, none of which got it, are suspected") {
  Looks looks;
  looks.waiting(1);
  looks.waiting(3);
  looks.waiting(6);
  const std::vector<Finding> findings = looks.growth();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == Rule::growing_tasks);
  CHECK(findings[0].evidence == Evidence::suspected);
  CHECK(findings[0].count == 6);
  CHECK(findings[0].title == "6 threads wait for mutex 0x480000 (accounts), and they become more");
  CHECK(findings[0].because.front() == "there were 1, 3, 6 of them at 3 looks within 2 min 0 s");
  CHECK(findings[0].because.back() == "it is held by thread 2 (tid 902)");
  CHECK(findings[0].blocked_at != 0);
}

TEST_CASE("clean: waiters that got the lock in between and wait anew") {
  Looks looks;
  looks.waiting(1, 2);
  looks.waiting(3, 4);
  looks.waiting(6, 6);
  CHECK(looks.growth().empty());
}

TEST_CASE("clean: more and more idle threads of a pool wait for work") {
  Looks looks;
  for (const uint32_t count : {1, 4, 9}) looks.waiting(count, 2, WaitKind::condition);
  CHECK(looks.growth().empty());
}

TEST_CASE("clean: two looks, as many as before, or fewer") {
  Looks looks;
  looks.waiting(1);
  looks.waiting(9);
  CHECK(looks.growth().empty());
  looks.waiting(9);
  CHECK(looks.growth().empty());
}

TEST_CASE("clean: without a recording nobody knows whether a wait is the same") {
  Looks looks;
  for (const uint32_t count : {1, 4, 9}) looks.waiting(count);
  CHECK(looks.growth().size() == 1);
  looks.processes_[1].trace.prepared = false;
  CHECK(looks.growth().empty());
}
