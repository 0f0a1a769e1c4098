#include "cli/analyze/across_await.h"

#include <doctest/doctest.h>

#include "cli/analyze/blockers.h"
#include "tests/support/trace_builder.h"

using namespace track;
using namespace track::analyze;

namespace {

constexpr uint64_t kLock = 0x8000, kFrame = 0x9000;

// Thread 2 took the lock in a coroutine that is suspended since.
struct Suspended : test::TraceBuilder {
  Suspended() {
    add_thread();
    add_frame(kFrame);
    holds(2, kLock);
    waits(2, WaitKind::condition, 0x7700);
  }
  void add_frame(uint64_t address) {
    Coroutine coroutine;
    coroutine.id = address;
    coroutine.address = address;
    coroutine.certainty = FrameCertainty::known;
    coroutine.state = TaskState::suspended;
    trace.coroutines.push_back(coroutine);
    trace.frame_locks.push_back({address, kLock, 2, false, false, false});
  }
  std::vector<Finding> find(const std::set<uint32_t>& cycles = {}, const Fixpoint& fixpoint = {}) {
    return find_locks_across_await(trace, symbols, cycles, fixpoint);
  }
};

}  // namespace

TEST_CASE("a lock across an await that nobody waits for is nobody's business while all runs") {
  Suspended s;
  s.trace.gone = false;
  CHECK(s.find().empty());
  s.add_thread();
  s.waits(3, WaitKind::mutex, kLock);
  REQUIRE(s.find().size() == 1);
  CHECK(s.find()[0].evidence == Evidence::suspected);
  CHECK(s.find()[0].tasks.at(0).id == kFrame);
}

TEST_CASE("a proved deadlock over the lock proves it, and only of one coroutine") {
  Suspended s;
  s.waits(2, WaitKind::mutex, kLock);
  REQUIRE(s.find({2}).size() == 1);
  CHECK(s.find({2})[0].evidence == Evidence::proved);
  SUBCASE("that may run on the thread's stack: not this one") {
    s.trace.frame_locks[0].frame_on_stack = true;
    CHECK(s.find({2}).empty());
  }
  SUBCASE("code alone says less") {
    s.trace.frame_locks[0].by_code = true;
    CHECK(s.find({2})[0].evidence == Evidence::likely);
  }
  SUBCASE("of two nobody knows which") {
    s.add_frame(kFrame + 0x100);
    CHECK(s.find({2})[0].evidence == Evidence::suspected);
    CHECK(s.find({2})[0].count == 2);
  }
}

TEST_CASE("a lock that was given back, or that memory names another owner of, is not held") {
  Suspended s;
  s.mutex_word(kLock, 901);
  CHECK(s.find().empty());
  s.mutex_word(kLock, 902);
  CHECK(s.find().size() == 1);
  s.thread(2).held.clear();
  CHECK(s.find().empty());
}

TEST_CASE("nobody can resume the coroutine, so nobody gives the lock back") {
  Suspended s;
  Fixpoint fixpoint;
  fixpoint.taken = fixpoint.coherent = true;
  fixpoint.coroutines.push_back({kFrame, 0, 0, false});
  CHECK(s.find({}, fixpoint).at(0).evidence == Evidence::proved);
  fixpoint.doubts.emplace_back("shared memory");
  CHECK(s.find({}, fixpoint).at(0).evidence == Evidence::likely);
}

TEST_CASE("coroutines behind a suspended one are counted, and cycles of awaits are found") {
  Suspended s;
  s.add_frame(kFrame + 0x100);
  s.add_frame(kFrame + 0x200);
  std::vector<Coroutine>& all = s.trace.coroutines;
  const auto await = [&](size_t above, size_t below) {
    all[above].awaits = all[below].address;
    all[below].awaited_by = all[above].address;
  };
  await(1, 0);
  await(2, 1);
  const HangView view = view_hang(s.trace);
  REQUIRE(view.stands.size() == 1);
  CHECK(view.stands[0].count == 1);
  CHECK(view.stands[0].awaiting == 2);
  CHECK(view.await_cycles.empty());
  await(0, 2);
  CHECK(view_hang(s.trace).await_cycles.size() == 1);
}

TEST_CASE(
    "seen from outside, a lock whose owner is no more is suspected of the frame that names it") {
  Suspended s;
  s.trace.prepared = false;
  s.trace.frame_locks[0].holder = 0;
  CHECK(s.find().empty());  // nobody waits for it
  s.add_thread();
  s.waits(3, WaitKind::mutex, kLock);
  s.thread(3).wait.owner_tid = 4711;
  REQUIRE(s.find().size() == 1);
  CHECK(s.find()[0].evidence == Evidence::suspected);
  CHECK(s.find()[0].because[0].find("4711, which is no more") != std::string::npos);
}
