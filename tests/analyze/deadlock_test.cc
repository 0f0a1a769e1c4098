#include "cli/analyze/deadlock.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "cli/model/told_waits.h"
#include "tests/support/trace_builder.h"

using namespace track;
using analyze::find_deadlocks;
using test::TraceBuilder;

namespace {

constexpr uint64_t kA = 0x5000, kB = 0x6000;

// Threads 2 and 3, each waiting for the mutex the other one holds.
TraceBuilder ab_ba() {
  TraceBuilder t;
  t.add_thread();
  t.add_thread();
  t.holds(2, kA);
  t.holds(3, kB);
  t.waits(2, WaitKind::mutex, kB);
  t.waits(3, WaitKind::mutex, kA);
  return t;
}

size_t deadlocks(const TraceBuilder& t) {
  return find_deadlocks(t.trace, t.symbols).findings.size();
}

}  // namespace

TEST_CASE("two threads that hold what the other one wants are a proved deadlock") {
  TraceBuilder t = ab_ba();
  t.thread(2).created_at = t.stack({"start@7", "main@9"});
  const auto found = find_deadlocks(t.trace, t.symbols);
  REQUIRE(found.findings.size() == 1);
  const Finding& finding = found.findings[0];
  CHECK(finding.evidence == Evidence::proved);
  CHECK(finding.count == 2);
  CHECK(finding.tasks.size() == 2);
  CHECK(finding.because[0] ==
        "thread 2 (tid 902) waits for mutex 0x6000, held by thread 3 (tid 903), since 28 s");
  CHECK(found.stuck == std::set<uint32_t>{2, 3});
}

TEST_CASE("a timed wait in the cycle ends by itself") {
  TraceBuilder t = ab_ba();
  t.thread(3).wait.timed = true;
  CHECK(deadlocks(t) == 0);
}

TEST_CASE("a robust mutex is handed on when its owner dies") {
  TraceBuilder t = ab_ba();
  t.thread(3).wait.robust = true;
  CHECK(deadlocks(t) == 0);
}

TEST_CASE("a thread that waits for a mutex it holds is stuck") {
  TraceBuilder t;
  t.holds(1, kA);
  t.waits(1, WaitKind::mutex, kA);
  const auto found = find_deadlocks(t.trace, t.symbols);
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].count == 1);
}

TEST_CASE("a recursive mutex held twice is held once") {
  TraceBuilder t = ab_ba();
  t.holds(2, kA);
  CHECK(deadlocks(t) == 1);
}

TEST_CASE("a cycle without a wait between two of them is none") {
  TraceBuilder t = ab_ba();
  t.thread(3).wait = Wait{};
  t.thread(3).state = TaskState::running;
  CHECK(deadlocks(t) == 0);
}

TEST_CASE("two owners by the record and no memory to decide prove nothing") {
  TraceBuilder t = ab_ba();
  t.add_thread();
  t.holds(4, kA);
  CHECK(deadlocks(t) == 0);
}

TEST_CASE("memory decides between two owners by the record") {
  TraceBuilder t = ab_ba();
  t.add_thread();
  t.holds(4, kA);
  t.mutex_word(kA, 902);
  t.mutex_word(kB, 903);
  CHECK(deadlocks(t) == 1);
}

TEST_CASE("a lock word that is free, or names another owner, contradicts the record") {
  TraceBuilder free_word = ab_ba();
  free_word.mutex_word(kA, 0);
  CHECK(deadlocks(free_word) == 0);
  TraceBuilder handed_over = ab_ba();
  handed_over.add_thread();
  handed_over.mutex_word(kA, 904);
  CHECK(deadlocks(handed_over) == 0);
}

TEST_CASE("an owner that only memory knows is an owner") {
  TraceBuilder t = ab_ba();
  t.thread(2).held.clear();
  t.mutex_word(kA, 902);
  CHECK(deadlocks(t) == 1);
}

TEST_CASE("a process-shared mutex proves nothing unless its owner is confirmed") {
  TraceBuilder t = ab_ba();
  t.thread(3).wait.process_shared = true;
  CHECK(deadlocks(t) == 0);
  t.thread(3).wait.owner_tid = 902;
  CHECK(deadlocks(t) == 1);
}

TEST_CASE("with losses an owner must be confirmed by the lock word of the wait") {
  TraceBuilder t = ab_ba();
  t.trace.lost["held"] = 1;
  CHECK(deadlocks(t) == 0);
  t.thread(2).wait.owner_tid = 903;
  t.thread(3).wait.owner_tid = 902;
  CHECK(deadlocks(t) == 1);
}

TEST_CASE("a thread that the kernel sees running is not stuck") {
  TraceBuilder t = ab_ba();
  t.thread(2).kernel = KernelView::running;
  CHECK(deadlocks(t) == 0);
}

TEST_CASE("threads that join each other in a ring are a deadlock") {
  TraceBuilder t;
  for (int i = 0; i < 3; ++i) t.add_thread();
  t.joins(2, 3);
  t.joins(3, 4);
  t.joins(4, 2);
  const auto found = find_deadlocks(t.trace, t.symbols);
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].count == 3);
  CHECK(found.findings[0].title == "3 threads wait for each other in a cycle of joins");
}

TEST_CASE("a join that a cancellation may end makes its cycle no more than likely") {
  TraceBuilder t;
  for (int i = 0; i < 2; ++i) t.add_thread();
  t.joins(2, 3);
  t.joins(3, 2);
  Fixpoint looked;
  looked.taken = true;
  const auto evidence = [&](const Fixpoint& fixpoint, Evidence at_most = Evidence::proved) {
    auto found = find_deadlocks(t.trace, t.symbols);
    REQUIRE(found.findings.size() == 1);
    found.findings[0].evidence = std::min(found.findings[0].evidence, at_most);
    analyze::doubt_waits(found, t.trace, fixpoint);
    return found.findings[0].evidence;
  };
  CHECK(evidence(looked) == Evidence::proved);
  looked.cancels = "server names pthread_cancel";
  CHECK(evidence(looked) == Evidence::likely);
  CHECK(evidence({}) == Evidence::likely);
  CHECK(evidence({}, Evidence::suspected) == Evidence::suspected);
}

TEST_CASE("a cancellation does not end a wait for a lock") {
  const TraceBuilder t = ab_ba();
  auto found = find_deadlocks(t.trace, t.symbols);
  Fixpoint looked;
  looked.cancels = "server names pthread_cancel";
  analyze::doubt_waits(found, t.trace, looked);
  CHECK(found.findings.at(0).evidence == Evidence::proved);
}

TEST_CASE(
    "a wait for a lock that a thread can be taken out of makes its cycle no more than likely") {
  const TraceBuilder t = ab_ba();
  auto found = find_deadlocks(t.trace, t.symbols);
  Fixpoint looked;
  looked.taken = true;
  looked.lock_escape = "a signal handler may jump out of the wait";
  analyze::doubt_waits(found, t.trace, looked);
  CHECK(found.findings.at(0).evidence == Evidence::likely);
  CHECK(found.findings.at(0).because.back() == "doubt: a signal handler may jump out of the wait");
}

TEST_CASE("a join of a thread that has ended will return") {
  TraceBuilder t;
  t.add_thread();
  t.add_thread();
  t.joins(2, 3);
  t.joins(3, 2);
  t.thread(3).state = TaskState::ended;
  CHECK(deadlocks(t) == 0);
}

TEST_CASE("a lock held while joining the thread that wants it is a deadlock") {
  TraceBuilder t;
  t.add_thread();
  t.holds(1, kA);
  t.joins(1, 2);
  t.waits(2, WaitKind::mutex, kA);
  const auto found = find_deadlocks(t.trace, t.symbols);
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].title == "2 threads wait for each other in a cycle of locks and joins");
}

TEST_CASE("readers do not block each other") {
  TraceBuilder t;
  t.add_thread();
  t.add_thread();
  t.holds(2, kA, HeldSort::read);
  t.holds(3, kB, HeldSort::read);
  t.waits(2, WaitKind::rwlock_read, kB);
  t.waits(3, WaitKind::rwlock_read, kA);
  CHECK(deadlocks(t) == 0);
}

TEST_CASE("two readers that both want to write wait for each other") {
  TraceBuilder t;
  t.add_thread();
  t.add_thread();
  t.holds(2, kA, HeldSort::read);
  t.holds(3, kA, HeldSort::read);
  t.waits(2, WaitKind::rwlock_write, kA);
  t.waits(3, WaitKind::rwlock_write, kA);
  CHECK(deadlocks(t) == 1);
}

TEST_CASE("a second read behind a queued writer is stuck only where writers go first") {
  TraceBuilder t;
  t.add_thread();
  t.add_thread();
  t.holds(2, kA, HeldSort::read);
  t.waits(2, WaitKind::rwlock_read, kA);
  t.waits(3, WaitKind::rwlock_write, kA);
  CHECK(deadlocks(t) == 0);
  t.thread(2).wait.prefers_writer = true;
  CHECK(deadlocks(t) == 1);
}

TEST_CASE("threads behind a deadlock are named, and known to be stuck") {
  TraceBuilder t = ab_ba();
  t.add_thread();
  t.waits(4, WaitKind::mutex, kA);
  const auto found = find_deadlocks(t.trace, t.symbols);
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].count == 2);
  CHECK(found.stuck == std::set<uint32_t>{2, 3, 4});
  CHECK(found.findings[0].because.back().find("blocked behind them: thread 4") == 0);
}

TEST_CASE("a deadlock that moved between two looks was none") {
  const TraceBuilder t = ab_ba();
  auto found = find_deadlocks(t.trace, t.symbols);
  Trace later = t.trace;
  later.threads[2].wait.sequence += 2;
  analyze::keep_unmoved(found, t.trace, later);
  CHECK(found.findings.empty());
  CHECK(found.stuck.empty());
  found = find_deadlocks(t.trace, t.symbols);
  analyze::keep_unmoved(found, t.trace, t.trace);
  CHECK(found.findings.size() == 1);
}

TEST_CASE("of a copy that was made while the program ran only what stood before is a deadlock") {
  TraceBuilder t = ab_ba();
  const uint64_t last = std::max(t.thread(2).wait.since_ns, t.thread(3).wait.since_ns);
  t.trace.copy_began_ns = last + 1;
  auto found = find_deadlocks(t.trace, t.symbols);
  analyze::keep_from_before_copy(found, t.trace);
  CHECK(found.findings.size() == 1);
  t.trace.copy_began_ns = last;
  analyze::keep_from_before_copy(found, t.trace);
  CHECK(found.findings.empty());
  CHECK(found.stuck.empty());
}

TEST_CASE("a long chain of waits without a cycle is no deadlock") {
  TraceBuilder t;
  for (uint32_t i = 2; i < 5000; ++i) t.add_thread();
  for (uint32_t i = 2; i + 1 < 5000; ++i) {
    t.holds(i + 1, 0x10000 + i * 64);
    t.waits(i, WaitKind::mutex, 0x10000 + i * 64);
  }
  CHECK(deadlocks(t) == 0);
}

TEST_CASE("who waits for what a suspended fiber of its own holds may be helped by another thread") {
  TraceBuilder t;
  t.add_thread();
  t.holds(2, kA);
  t.thread(2).held[0].fiber = 7;
  t.waits(2, WaitKind::mutex, kA);
  Fiber fiber;
  fiber.id = 7;
  fiber.thread = 2;
  fiber.state = TaskState::suspended;
  t.trace.fibers.push_back(fiber);
  SUBCASE("when there is one") {
    t.trace.exit_task = 0;
    const auto found = find_deadlocks(t.trace, t.symbols);
    REQUIRE(found.findings.size() == 1);
    CHECK(found.findings[0].evidence == Evidence::suspected);
    CHECK(found.findings[0].tasks.size() == 2);
  }
  SUBCASE("not when the only other one ends the process") {
    const auto found = find_deadlocks(t.trace, t.symbols);
    REQUIRE(found.findings.size() == 1);
    CHECK(found.findings[0].evidence == Evidence::likely);
    CHECK(found.findings[0].because[0] ==
          "thread 2 (tid 902) waits for mutex 0x5000, held by fiber 7, which is suspended and last "
          "ran on this thread, since 28 s");
  }
  SUBCASE("when it runs on another thread, that one has to give it back") {
    t.trace.fibers[0].state = TaskState::running;
    t.trace.fibers[0].thread = 1;
    CHECK(deadlocks(t) == 0);
  }
}

TEST_CASE("seen from outside, a lock may be held by a fiber where the program switches stacks") {
  TraceBuilder t = ab_ba();
  t.trace.stack_switcher = "/bin/server names swapcontext";
  const auto found = find_deadlocks(t.trace, t.symbols);
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].evidence == Evidence::likely);
}

namespace {

// Thread 2 holds a mutex and says that it waits for a lock of thread 3, which waits for the mutex.
TraceBuilder told_cycle() {
  TraceBuilder t;
  t.add_thread();
  t.add_thread();
  t.holds(2, kA);
  t.waits(3, WaitKind::mutex, kA);
  t.thread(2).told.kind = WaitKind::told_lock;
  t.thread(2).told.object = kB;
  t.thread(2).told.sequence = 7;
  t.trace.told_objects[kB].owner = 3;
  return t;
}

}  // namespace

TEST_CASE("a cycle that hangs on what the program tells is likely at most") {
  TraceBuilder t = told_cycle();
  CHECK(deadlocks(t) == 0);  // of what was seen there is none
  use_told_waits(t.trace);
  const auto found = find_deadlocks(t.trace, t.symbols);
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].evidence == Evidence::likely);
  CHECK(found.findings[0].count == 2);
}

TEST_CASE("a cycle of what was seen stays proved whatever is told besides") {
  TraceBuilder t = ab_ba();
  for (const uint32_t id : {2, 3}) {
    t.thread(id).told.kind = WaitKind::told_channel;
    t.thread(id).told.object = 0x7000;
  }
  use_told_waits(t.trace);
  const auto found = find_deadlocks(t.trace, t.symbols);
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].evidence == Evidence::proved);
}

TEST_CASE("what is told accuses nobody where it ends by itself, moves, or has no owner any more") {
  TraceBuilder timed = told_cycle();
  timed.thread(2).told.timed = true;
  use_told_waits(timed.trace);
  CHECK(deadlocks(timed) == 0);
  TraceBuilder given_back = told_cycle();
  given_back.trace.told_objects.clear();
  use_told_waits(given_back.trace);
  CHECK(deadlocks(given_back) == 0);
  TraceBuilder now = told_cycle(), later = told_cycle();
  later.thread(2).told.sequence = 8;
  use_told_waits(now.trace);
  use_told_waits(later.trace);
  auto found = find_deadlocks(now.trace, now.symbols);
  REQUIRE(found.findings.size() == 1);
  analyze::keep_unmoved(found, now.trace, later.trace);
  CHECK(found.findings.empty());
}

TEST_CASE("the waits that were seen come back") {
  TraceBuilder t = told_cycle();
  t.waits(2, WaitKind::condition, kA);
  use_told_waits(t.trace);
  CHECK(t.thread(2).wait.kind == WaitKind::told_lock);
  CHECK(seen_wait(t.thread(2)).kind == WaitKind::condition);
  use_seen_waits(t.trace);
  CHECK(t.thread(2).wait.kind == WaitKind::condition);
  CHECK(t.thread(2).wait.object == kA);
}
