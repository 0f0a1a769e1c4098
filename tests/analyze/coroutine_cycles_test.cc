#include "cli/analyze/coroutine_cycles.h"

#include <doctest/doctest.h>

#include "cli/analyze/deadlock.h"
#include "tests/support/trace_builder.h"

using namespace track;
using analyze::find_coroutine_cycles;
using test::TraceBuilder;

namespace {

constexpr uint64_t kA = 0x5000, kB = 0x6000;

Coroutine& add(TraceBuilder& t, uint64_t waits_for) {
  Coroutine& coroutine = t.add_coroutine("transfer", 0);
  coroutine.told.state = TaskState::suspended;
  coroutine.told.since_ns = 3'000'000'000;
  if (waits_for != 0) {
    coroutine.told.wait.kind = WaitKind::told_lock;
    coroutine.told.wait.object = waits_for;
  }
  return coroutine;
}

// Coroutine 1 holds A and waits for B, coroutine 2 the other way round.
TraceBuilder ab_ba() {
  TraceBuilder t;
  t.trace.told_objects[kB].owner_frame = 0;
  t.trace.told_objects[kA].owner_frame = add(t, kB).address;
  t.trace.told_objects[kB].owner_frame = add(t, kA).address;
  return t;
}

size_t cycles(const TraceBuilder& t) {
  return find_coroutine_cycles(t.trace, t.symbols).size();
}

}  // namespace

TEST_CASE("two coroutines that hold what the other one waits for are likely a deadlock") {
  const TraceBuilder t = ab_ba();
  const auto found = find_coroutine_cycles(t.trace, t.symbols);
  REQUIRE(found.size() == 1);
  CHECK(found[0].rule == Rule::deadlock);
  CHECK(found[0].evidence == Evidence::likely);
  CHECK(found[0].count == 2);
  CHECK(found[0].title == "2 coroutines wait for each other in a cycle of locks");
  CHECK(found[0].because[0] ==
        "coroutine 1 (transfer) waits for lock 0x6000, held by coroutine 2 (transfer), since "
        "28 s");
  CHECK(found[0].wait_object.owner == "coroutine 2 (transfer)");
}

TEST_CASE("one that ends by itself, runs, or whose owner is over or unknown is in no cycle") {
  TraceBuilder t = ab_ba();
  SUBCASE("timed") {
    t.trace.coroutines[0].told.wait.timed = true;
  }
  SUBCASE("runs") {
    t.trace.coroutines[1].told.state = TaskState::running;
  }
  SUBCASE("over") {
    t.trace.told_objects[kA].owner_frame = ToldObject::kOverFrame;
  }
  SUBCASE("nobody") {
    t.trace.told_objects.erase(kB);
  }
  SUBCASE("a thread has it") {
    t.trace.told_objects[kB] = {};
    t.trace.told_objects[kB].owner = 1;
  }
  CHECK(cycles(t) == 0);
}

TEST_CASE("who holds a lock and awaits one that wants it") {
  TraceBuilder t;
  t.trace.told_objects[kA].owner_frame = add(t, 0).address;
  add(t, kA).told.awaiter = t.trace.coroutines[0].address;
  const auto found = find_coroutine_cycles(t.trace, t.symbols);
  REQUIRE(found.size() == 1);
  CHECK(found[0].title ==
        "2 coroutines wait for each other in a cycle of locks and awaited coroutines");
  CHECK(found[0].because[1].find("coroutine 1 (transfer) awaits coroutine 2 (transfer)") == 0);
  SUBCASE("of several that it awaits one may be enough") {
    add(t, 0).told.awaiter = t.trace.coroutines[0].address;
    CHECK(cycles(t) == 0);
  }
  SUBCASE("what is over is not awaited") {
    t.trace.coroutines[1].told.state = TaskState::done;
    CHECK(cycles(t) == 0);
  }
}

TEST_CASE("one that wants what it has") {
  TraceBuilder t;
  t.trace.told_objects[kA].owner_frame = add(t, kA).address;
  add(t, kA);  // behind it, and no part of it
  const auto found = find_coroutine_cycles(t.trace, t.symbols);
  REQUIRE(found.size() == 1);
  CHECK(found[0].count == 1);
  CHECK(found[0].title == "a coroutine waits for lock 0x5000 that it holds");
}

TEST_CASE("a cycle that moved between two looks is none") {
  const TraceBuilder t = ab_ba();
  for (const bool moves : {false, true}) {
    Trace later = t.trace;
    if (moves) ++later.coroutines[1].told.resumes;
    Deadlocks found = analyze::find_deadlocks(t.trace, t.symbols);
    REQUIRE(found.findings.size() == 1);
    analyze::keep_unmoved(found, t.trace, later);
    CHECK(found.findings.size() == (moves ? 0 : 1));
  }
}

TEST_CASE("who waits for what an ended one owns is stuck, as long as nobody else owns it") {
  TraceBuilder t;
  add(t, kA);
  add(t, kA);
  add(t, kB);
  t.trace.told_objects[kB].waker = 1;
  SUBCASE("a coroutine") {
    t.trace.told_objects[kA].owner_frame = ToldObject::kOverFrame;
  }
  SUBCASE("a thread") {
    t.add_thread(TaskState::ended);
    t.trace.told_objects[kA].owner = 2;
  }
  Deadlocks found = analyze::find_deadlocks(t.trace, t.symbols);
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].rule == Rule::stuck_task);
  CHECK(found.findings[0].evidence == Evidence::likely);
  CHECK(found.findings[0].count == 2);
  CHECK(found.findings[0].title == "2 coroutines can never go on: who held lock 0x5000 has ended");
  Trace later = t.trace;
  analyze::keep_unmoved(found, t.trace, later);
  CHECK(found.findings.size() == 1);
  later.told_objects[kA] = {};
  later.told_objects[kA].owner = 1;
  analyze::keep_unmoved(found, t.trace, later);
  CHECK(found.findings.empty());
}

TEST_CASE("who waits for what a living one owns, or nobody, is not") {
  TraceBuilder t;
  add(t, kA);
  CHECK(analyze::find_waits_for_ended(t.trace, t.symbols).empty());
  t.trace.told_objects[kA].owner_frame = add(t, 0).address;
  CHECK(analyze::find_waits_for_ended(t.trace, t.symbols).empty());
}
