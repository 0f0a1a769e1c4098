#include "cli/analyze/fixpoint.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "cli/analyze/sleepers.h"
#include "cli/analyze/stuck.h"
#include "cli/model/told_waits.h"
#include "tests/support/process_builder.h"

namespace track::analyze {
namespace {

using Process = test::ProcessBuilder;

std::vector<uint32_t> ids(const Fixpoint& fixpoint) {
  std::vector<uint32_t> result;
  for (const StuckThread& stuck : fixpoint.threads) result.push_back(stuck.id);
  return result;
}

using Ids = std::vector<uint32_t>;

TEST_CASE("a wait object that only the waiter knows is never signalled") {
  Process p;
  p.add_thread();
  const uint64_t object = p.block(48);
  p.push(2, object);
  p.blocks_on(2, WaitKind::condition, object + 8);
  const Fixpoint fixpoint = p.solve();
  CHECK(ids(fixpoint) == Ids{2});
  CHECK(fixpoint.threads[0].by == StuckBy::object);
  CHECK(fixpoint.threads[0].object_bytes == 48);
  CHECK(fixpoint.threads[0].held_bytes == Process::kStackBytes + 48);
  CHECK(fixpoint.live_threads == 1);
}

TEST_CASE("a thread that was signalled, and waits for its mutex again, is not stuck") {
  Process p;
  p.add_thread();
  const uint64_t object = p.block(48), mutex = p.block(48);
  p.push(2, object);
  p.blocks_on(2, WaitKind::condition, object);
  SUBCASE("on the condition's own words it is") {
    p.sleeps_on(2, object + 44);
    CHECK(ids(p.solve()) == Ids{2});
  }
  SUBCASE("on the mutex's it is not") {
    p.sleeps_on(2, mutex);
    CHECK(ids(p.solve()).empty());
  }
}

TEST_CASE("who reads what only this process could send waits for ever when nobody is awake") {
  Process p;
  p.picture().may_be_woken = false;
  p.picture().carriers = {"a pipe may carry references"};
  p.add_thread();
  p.reads_pipe(2, 5);
  SUBCASE("all sleep") {
    p.joins(1, 2);
    p.blocks_on(1, WaitKind::join, p.thread(2).pthread);
    const Fixpoint fixpoint = p.solve();
    CHECK(fixpoint.asleep);
    CHECK(ids(fixpoint) == Ids{1, 2});
    CHECK(fixpoint.doubts.empty());
  }
  SUBCASE("one runs: it may write to any descriptor") {
    const Fixpoint fixpoint = p.solve();
    CHECK(ids(fixpoint).empty());
    CHECK(fixpoint.doubts.size() == 1);
  }
}

TEST_CASE("of a core whose threads all wait for each other that much is told, and no more") {
  Process p;
  p.picture().sleep_doubt = "nobody knows";
  p.add_thread();
  const uint64_t object = p.block(48);
  p.global(0, object);
  p.blocks_on(2, WaitKind::condition, object);
  SUBCASE("all wait") {
    p.joins(1, 2);
    p.blocks_on(1, WaitKind::join, p.thread(2).pthread);
    const Fixpoint fixpoint = p.solve();
    CHECK(!fixpoint.asleep);
    const auto found = analyze::find_sleepers(p.trace, p.symbols, fixpoint, {});
    REQUIRE(found.size() == 2);
    CHECK(found[0].evidence == Evidence::suspected);
    CHECK(found[0].because.back() == "no more than suspected: nobody knows");
    CHECK(analyze::find_sleepers(p.trace, p.symbols, fixpoint, {1}).size() == 1);
  }
  SUBCASE("one does not") {
    CHECK(analyze::find_sleepers(p.trace, p.symbols, p.solve(), {}).empty());
  }
  SUBCASE("one waits with a time limit") {
    p.joins(1, 2);
    p.blocks_on(1, WaitKind::join, p.thread(2).pthread);
    p.thread(2).wait.timed = true;
    CHECK(analyze::find_sleepers(p.trace, p.symbols, p.solve(), {}).empty());
  }
}

TEST_CASE("a lock that a suspended fiber holds is given back by whoever knows the fiber") {
  Process p;
  p.add_thread();
  const uint64_t context = p.block(64), stack = p.block(256), lock = p.block(48);
  Fiber fiber;
  fiber.id = 7;
  fiber.thread = 2;
  fiber.state = TaskState::suspended;
  fiber.context = context;
  fiber.stack_low = stack;
  fiber.stack_high = stack + 256;
  p.trace.fibers.push_back(fiber);
  p.holds(2, lock);
  p.thread(2).held[0].fiber = 7;
  p.mutex_word(lock, p.thread(2).tid);
  p.blocks_on(2, WaitKind::mutex, lock);
  p.push(2, context);
  SUBCASE("only the thread that waits for it") {
    const Fixpoint fixpoint = p.solve();
    REQUIRE(ids(fixpoint) == Ids{2});
    CHECK(fixpoint.threads[0].by == StuckBy::fiber);
    CHECK(fixpoint.threads[0].other == 7);
  }
  SUBCASE("a global too") {
    p.global(3, context);
    CHECK(ids(p.solve()).empty());
  }
}

TEST_CASE("a suspended fiber whose stack nothing refers to is lost") {
  Process p;
  const uint64_t context = p.block(64), stack = p.block(256);
  p.store(context + 32, stack + 128);
  Fiber fiber;
  fiber.id = 7;
  fiber.state = TaskState::suspended;
  fiber.context = context;
  fiber.stack_low = stack;
  fiber.stack_high = stack + 256;
  p.trace.fibers.push_back(fiber);
  REQUIRE(p.solve().fibers.size() == 1);
  CHECK(p.solve().fibers[0].id == 7);
  p.global(2, context);
  CHECK(p.solve().fibers.empty());
}

TEST_CASE("queued work that a stuck thread's stack leads to is found") {
  constexpr uint64_t kCode = 0x401000;
  Process p;
  p.add_thread();
  const uint64_t object = p.block(48), pool = p.block(64), job = p.block(64);
  p.picture().code = {{kCode, kCode + 4096}};
  p.push(2, object);
  p.push(2, pool);
  p.blocks_on(2, WaitKind::condition, object);
  p.store(pool + 16, job);
  p.store(job + 8, object);
  SUBCASE("a block with code in it is work") {
    p.store(job, kCode + 64);
    const Fixpoint fixpoint = p.solve();
    REQUIRE(ids(fixpoint) == Ids{2});
    CHECK(fixpoint.threads[0].queued_job == job);
    CHECK_FALSE(fixpoint.threads[0].job_on_stack);
  }
  SUBCASE("any other is not") {
    const Fixpoint fixpoint = p.solve();
    REQUIRE(ids(fixpoint) == Ids{2});
    CHECK(fixpoint.threads[0].queued_job == 0);
  }
}

TEST_CASE("another thread's stack is no queued work") {
  constexpr uint64_t kCode = 0x401000;
  Process p;
  p.add_thread();
  p.add_thread();
  const uint64_t object = p.block(48), pool = p.block(64);
  p.picture().code = {{kCode, kCode + 4096}};
  for (const uint32_t thread : {2u, 3u}) {
    p.push(thread, object);
    p.push(thread, pool);
    p.push(thread, kCode + 64);
    p.blocks_on(thread, WaitKind::condition, object);
  }
  p.store(pool + 16, p.stack_of(3) + 64);
  const Fixpoint fixpoint = p.solve();
  REQUIRE(ids(fixpoint) == Ids{2, 3});
  for (const StuckThread& stuck : fixpoint.threads) CHECK(stuck.queued_job == 0);
}

TEST_CASE("whoever can still run and knows the object saves the waiter") {
  Process p;
  p.add_thread();
  const uint64_t object = p.block(48), owner = p.block(48);
  p.push(2, object);
  p.blocks_on(2, WaitKind::condition, object + 8);
  p.store(owner + 16, object + 40);
  SUBCASE("a global") {
    p.global(3, owner);
  }
  SUBCASE("a running thread's stack") {
    p.push(1, owner + 1);
  }
  SUBCASE("the kernel") {
    p.picture().kernel_words.push_back({owner, "epoll descriptor 3"});
  }
  SUBCASE("a thread that the record does not know") {
    ThreadMemory unknown;
    unknown.tid = 4242;
    unknown.registers = {0, owner};
    p.solve();
    MemoryPicture picture = p.picture();
    picture.threads.push_back(unknown);
    CHECK(find_fixpoint(p.trace, picture).threads.empty());
    return;
  }
  CHECK(p.solve().threads.empty());
}

TEST_CASE("an object on the waiter's stack is known to who refers to that stack") {
  Process p;
  p.add_thread();
  p.blocks_on(2, WaitKind::semaphore, p.stack_of(2) + 64);
  const Fixpoint fixpoint = p.solve();
  CHECK(ids(fixpoint) == Ids{2});
  CHECK(fixpoint.threads[0].on_own_stack);
  p.global(1, p.stack_of(2) + 64);
  CHECK(p.solve().threads.empty());
}

TEST_CASE("the list of a thread's variables leads on for that thread alone") {
  Process p;
  p.add_thread();
  const uint64_t object = p.block(48), list = p.block(64), control = p.block(64);
  p.push(2, object);
  p.blocks_on(2, WaitKind::condition, object);
  SUBCASE("a stuck one's is reached by nobody") {
    p.lists_variables(2, list);
    p.store(list + 16, p.stack_of(2) + 64);
    p.global(0, list + 64);  // left over: the end of a block, where the next one's size stands
    p.push(1, list);
    CHECK(ids(p.solve()) == Ids{2});
  }
  SUBCASE("whoever goes on knows what its own leads to") {
    p.variables(1, control, 64);
    p.store(control + 8, list + 16);
    p.lists_variables(1, list);
    p.store(list + 16, object);
    CHECK(ids(p.solve()).empty());
    SUBCASE("and so does a signal's handler") {
      p.blocks_on(1, WaitKind::condition, p.block(48));
      p.picture().signal_handlers = true;
      CHECK(ids(p.solve()) == Ids{1});
    }
  }
}

TEST_CASE("what a list outside of all blocks leads to is known to its thread") {
  Process p;
  p.add_thread();
  const uint64_t object = p.block(48), variables = p.block(64);
  p.push(2, object);
  p.blocks_on(2, WaitKind::condition, object);
  p.global(8, variables);  // no root: the list's own
  p.store(variables + 24, object);
  SUBCASE("of the one that waits: nobody else's") {
    p.lists_outside(2, Process::kGlobals + 64, 16);
    CHECK(ids(p.solve()) == Ids{2});
    SUBCASE("but for a signal's handler, in whatever thread it finds") {
      p.picture().signal_handlers = true;
      CHECK(ids(p.solve()).empty());
    }
  }
  SUBCASE("of one that goes on") {
    p.lists_outside(1, Process::kGlobals + 64, 16);
    CHECK(ids(p.solve()).empty());
  }
}

TEST_CASE("threads that only know each other's objects are stuck together, and live together") {
  Process p;
  p.add_thread();
  p.add_thread();
  const uint64_t a = p.block(32), b = p.block(32);
  for (const uint32_t id : {2u, 3u}) {
    p.push(id, a);
    p.push(id, b);
  }
  p.blocks_on(2, WaitKind::semaphore, a);
  p.blocks_on(3, WaitKind::futex, b);
  CHECK(ids(p.solve()) == Ids{2, 3});
  p.global(0, b);  // wakes 3, and 3 knows a
  CHECK(p.solve().threads.empty());
}

TEST_CASE("what is stuck by the program's own word only is likely to be, with all that it knows") {
  Process p;
  p.add_thread();
  p.add_thread();
  const uint64_t channel = p.block(48), condition = p.block(48);
  p.push(2, channel);
  p.push(2, condition);
  p.push(3, condition);
  p.blocks_on(2, WaitKind::sleep, 0);  // it polls
  p.blocks_on(3, WaitKind::condition, condition);
  CHECK(ids(p.solve()).empty());
  Thread& told = p.thread(2);
  told.told.kind = WaitKind::told_channel;
  told.told.object = channel;
  told.told.sequence = 5;
  SUBCASE("nobody else knows the channel") {
    const Fixpoint fixpoint = p.solve();
    REQUIRE(ids(fixpoint) == Ids{2, 3});
    CHECK(fixpoint.threads[0].told);
    CHECK(fixpoint.threads[1].told);
    use_told_waits(p.trace);
    for (const Finding& finding : find_stuck(p.trace, p.symbols, fixpoint, {}))
      CHECK(finding.evidence <= Evidence::likely);
  }
  SUBCASE("a global does") {
    p.global(3, channel);
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("it ends by itself") {
    told.told.timed = true;
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("it waits for what another process may send") {
    p.blocks_on(2, WaitKind::read, 5);
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("its owner runs") {
    p.trace.told_objects[channel].owner = 1;
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("its owner has ended, and a global knows the channel") {
    p.global(3, channel);
    p.trace.told_objects[channel].owner = 77;
    REQUIRE(ids(p.solve()) == Ids{2, 3});
    CHECK(p.solve().threads[0].by == StuckBy::owner_ended);
  }
  SUBCASE("it has moved since") {
    Fixpoint fixpoint = p.solve();
    Trace later = p.trace;
    later.threads[1].told.sequence = 6;
    CHECK(keep_unmoved(fixpoint, later));
    CHECK(fixpoint.threads.empty());
  }
}

TEST_CASE("a poller that ran at one look is judged by the other one") {
  Fixpoint earlier, proof;
  StuckThread poller;
  poller.id = 2;
  poller.told = poller.own_wait_told = true;
  StuckThread other = poller;
  other.id = 3;
  other.told = other.own_wait_told = false;
  proof.threads = {poller, other};
  SUBCASE("it ran") {
    earlier.poller_ran = true;
    keep_common(proof, earlier);
    CHECK(ids(proof) == Ids{2});
  }
  SUBCASE("it did not, and was not stuck") {
    keep_common(proof, earlier);
    CHECK(ids(proof).empty());
  }
}

TEST_CASE("what is proved stays proved whatever is told besides") {
  Process p;
  p.add_thread();
  const uint64_t object = p.block(48);
  p.push(2, object);
  p.blocks_on(2, WaitKind::condition, object);
  p.thread(2).told.kind = WaitKind::told_channel;
  p.thread(2).told.object = object;
  const Fixpoint fixpoint = p.solve();
  REQUIRE(ids(fixpoint) == Ids{2});
  CHECK(!fixpoint.threads[0].told);
  use_told_waits(p.trace);
  const std::vector<Finding> found = find_stuck(p.trace, p.symbols, fixpoint, {});
  REQUIRE(found.size() == 1);
  CHECK(found[0].evidence == Evidence::proved);
}

TEST_CASE("a timed, shared or external wait is never part of a proof") {
  Process p;
  p.add_thread();
  const uint64_t object = p.block(48);
  p.blocks_on(2, WaitKind::condition, object);
  SUBCASE("timed") {
    p.thread(2).wait.timed = true;
  }
  SUBCASE("shared with another process") {
    p.thread(2).wait.process_shared = true;
  }
  SUBCASE("cancelled") {
    p.thread(2).cancelled = true;
  }
  SUBCASE("a read") {
    p.thread(2).wait.kind = WaitKind::read;
  }
  SUBCASE("an object in no block") {
    p.thread(2).wait.object = Process::kGlobals + 8;
  }
  CHECK(p.solve().threads.empty());
}

TEST_CASE("a thread that the kernel does not see in its wait is live") {
  Process p;
  p.add_thread();
  p.waits(2, WaitKind::condition, p.block(48));
  CHECK(p.solve().threads.empty());
}

TEST_CASE("a join is as alive as the joined thread") {
  Process p;
  p.add_thread();
  const uint64_t object = p.block(48);
  p.blocks_on(2, WaitKind::condition, object);
  p.joins(1, 2);
  p.blocks_on(1, WaitKind::join, p.thread(2).pthread);
  const Fixpoint fixpoint = p.solve();
  CHECK(ids(fixpoint) == Ids{1, 2});
  CHECK(fixpoint.threads[0].by == StuckBy::join);
  CHECK(fixpoint.threads[0].other == 2);
  p.global(0, object);
  CHECK(p.solve().threads.empty());
}

TEST_CASE("an owned lock is as alive as its owner, whoever knows the lock") {
  Process p;
  p.add_thread();
  p.add_thread();
  const uint64_t object = p.block(48), lock = p.block(48);
  p.global(0, lock);
  p.holds(2, lock);
  p.mutex_word(lock, p.thread(2).tid);
  p.blocks_on(3, WaitKind::mutex, lock);
  CHECK(p.solve().threads.empty());
  p.blocks_on(2, WaitKind::condition, object);
  const Fixpoint fixpoint = p.solve();
  CHECK(ids(fixpoint) == Ids{2, 3});
  CHECK(fixpoint.threads[1].by == StuckBy::owner);
  CHECK(fixpoint.threads[1].other == 2);
}

TEST_CASE("a frame that nobody refers to is orphaned, one held by a stuck thread is not") {
  Process p;
  p.add_thread();
  const uint64_t frame = p.block(96), other = p.block(96), object = p.block(48);
  p.add_coroutine("lost()", 0).address = frame;
  p.add_coroutine("kept()", 0).address = other;
  p.push(2, other);
  p.blocks_on(2, WaitKind::condition, object);
  Fixpoint fixpoint = p.solve();
  REQUIRE(fixpoint.coroutines.size() == 1);
  CHECK(fixpoint.coroutines[0].address == frame);
  CHECK(fixpoint.coroutines[0].held_bytes == 96);
  CHECK_FALSE(fixpoint.coroutines[0].inside_block);
  p.push(1, frame + 40);
  CHECK(p.solve().coroutines.empty());
}

TEST_CASE("the evidence is as good as the look was") {
  Process p;
  p.add_thread();
  p.blocks_on(2, WaitKind::condition, p.block(48));
  p.add_coroutine("lost()", 0).address = p.block(96);
  const auto evidence = [&] {
    const Fixpoint fixpoint = p.solve();
    const auto stuck = find_stuck(p.trace, p.symbols, fixpoint, {});
    const auto orphaned = find_orphaned(p.trace, p.symbols, fixpoint);
    REQUIRE(stuck.size() == 1);
    REQUIRE(orphaned.size() == 1);
    CHECK(stuck[0].evidence == orphaned[0].evidence);
    return stuck[0].evidence;
  };
  CHECK(evidence() == Evidence::proved);
  p.picture().doubts.emplace_back("io_uring is in use");
  CHECK(evidence() == Evidence::likely);
  p.picture().coherent = false;
  CHECK(evidence() == Evidence::suspected);
}

TEST_CASE("a frame that something keeps is told with the way to it and what it keeps alone") {
  Process p;
  const uint64_t registry = p.block(64), frame = p.block(96), own = p.block(32), lost = p.block(48);
  p.add_coroutine("session()", 0).address = frame;
  p.global(5, registry);
  p.store(registry + 8, frame);
  p.store(frame + 16, own);
  p.store(frame + 24, registry);
  const Fixpoint found = p.solve();
  REQUIRE(found.kept.size() == 1);
  CHECK(found.kept[0].address == frame);
  CHECK(found.kept[0].held_bytes == 96 + 32);
  using Sort = RetentionStep::Sort;
  const std::vector<RetentionStep>& path = found.retentions.at(found.kept[0].retention);
  REQUIRE(path.size() == 3);
  CHECK(path[0].sort == Sort::global);
  CHECK(path[0].address == Process::kGlobals + 5 * 8);
  CHECK(path[1].sort == Sort::block);
  CHECK(path[1].bytes == 64);
  CHECK(path[2].sort == Sort::frame);
  CHECK(found.leaked.empty());
  const Fixpoint with_memory = find_fixpoint(p.trace, p.picture(), true);
  REQUIRE(with_memory.leaked.size() == 1);
  CHECK(with_memory.leaked[0].sample == lost);
  CHECK(with_memory.leaked[0].bytes == 48);
}

TEST_CASE("a lock that another thread of the parent held at the fork is never unlocked") {
  Process p;
  p.add_thread();
  const uint64_t mutex = p.block(48);
  p.push(1, mutex);
  p.blocks_on(2, WaitKind::mutex, mutex);
  p.trace.memory[mutex] = 2;
  p.trace.memory[mutex + 8] = 4711;  // nobody's number here
  SUBCASE("in the child") {
    p.trace.forked = true;
    const Fixpoint fixpoint = p.solve();
    REQUIRE(ids(fixpoint) == Ids{2});
    CHECK(fixpoint.threads[0].by == StuckBy::owner_ended);
    CHECK(fixpoint.threads[0].other == 0);
  }
  SUBCASE("but what the thread that forked held it still holds") {
    p.trace.forked = true;
    p.trace.threads[0].held.push_back({mutex, HeldSort::mutex});
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("and where it is not recorded who holds what nothing is known") {
    p.trace.forked = true;
    p.trace.threads[0].held_complete = false;
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("and in a process that was not forked nothing is known") {
    CHECK(ids(p.solve()).empty());
  }
}

TEST_CASE("without a record a lock whose owner the process has not is likely never unlocked") {
  Process p;
  p.add_thread();
  p.add_thread();
  const uint64_t mutex = p.block(48);
  p.push(1, mutex);
  p.blocks_on(2, WaitKind::mutex, mutex);
  p.trace.memory[mutex] = 2;
  p.trace.memory[mutex + 8] = 4711;  // nobody's number here
  p.trace.prepared = false;
  p.trace.gone = false;
  Wait& wait = p.trace.threads[1].wait;
  SUBCASE("of a process that nobody prepared") {
    const Fixpoint fixpoint = p.solve();
    REQUIRE(ids(fixpoint) == Ids{2});
    CHECK(fixpoint.threads[0].by == StuckBy::owner_ended);
    CHECK(evidence_of(fixpoint) == Evidence::likely);
  }
  SUBCASE("or that was attached to") {
    p.trace.prepared = p.trace.attached = true;
    CHECK(ids(p.solve()) == Ids{2});
    CHECK(evidence_of(p.solve()) == Evidence::likely);
  }
  SUBCASE("or of a recorded one, where no thread has it: one was cancelled that took it unseen") {
    p.trace.prepared = true;
    p.store(mutex + 8, 4711);
    CHECK(ids(p.solve()) == Ids{2});
    CHECK(evidence_of(p.solve()) == Evidence::likely);
    p.trace.threads[0].held.push_back({mutex, HeldSort::mutex});
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("of a recorded one that by now names somebody else in its words nothing is known") {
    p.trace.prepared = true;
    p.store(mutex + 8, static_cast<uint64_t>(p.trace.threads[2].tid));
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("its owner is there") {
    p.trace.memory[mutex + 8] = static_cast<uint64_t>(p.trace.threads[2].tid);
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("its owner has an earlier number than the process: it may be its parent's thread") {
    p.trace.pid = 4712;
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("nobody has it") {
    p.trace.memory[mutex] = 0;
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("the kernel hands it on") {
    wait.robust = true;
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("another process may have it") {
    wait.process_shared = true;
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("it lies in memory that is shared") {
    p.picture().shared.push_back({mutex, mutex + 40});
    CHECK(ids(p.solve()).empty());
  }
  SUBCASE("threads have other numbers here than the lock's words use") {
    p.trace.threads[0].outer_tid = 12;
    CHECK(ids(p.solve()).empty());
  }
}

TEST_CASE("a thread that was left asleep gives up no proof but of itself") {
  Process p;
  p.add_thread();
  const uint64_t object = p.block(48);
  p.push(2, object);
  p.blocks_on(2, WaitKind::condition, object);
  Coroutine& lost = p.add_coroutine("lost()", 0);
  lost.address = p.block(96);
  lost.created_ticks = 7;
  CHECK(p.solve().coroutines.size() == 1);
  p.picture().threads[1].lacks_registers = true;
  const Fixpoint stuck = find_fixpoint(p.trace, p.picture());
  CHECK(stuck.coherent);
  CHECK(ids(stuck) == Ids{2});
  CHECK(stuck.coroutines.empty());
  p.push(1, object);
  CHECK(ids(p.solve()).empty());
  p.picture().threads[1].lacks_registers = true;
  CHECK_FALSE(find_fixpoint(p.trace, p.picture()).coherent);
}

TEST_CASE("what moved after all takes the whole proof with it") {
  Process p;
  p.add_thread();
  p.blocks_on(2, WaitKind::condition, p.block(48));
  Coroutine& lost = p.add_coroutine("lost()", 0);
  lost.address = p.block(96);
  lost.created_ticks = 7;
  const Fixpoint found = p.solve();
  Fixpoint kept = found;
  CHECK(keep_unmoved(kept, p.trace));
  CHECK(kept.threads.size() == 1);
  Trace later = p.trace;
  SUBCASE("the thread waits anew") {
    later.threads[1].wait.sequence += 2;
  }
  SUBCASE("no record tells its waits apart, and it waits for something else") {
    later.threads[1].wait.since_ns = 0;
    later.threads[1].wait.object += 64;
  }
  SUBCASE("or with a limit") {
    later.threads[1].wait.since_ns = 0;
    later.threads[1].wait.timed = true;
  }
  SUBCASE("the thread has ended") {
    later.threads.pop_back();
  }
  SUBCASE("the frame is gone") {
    later.coroutines.clear();
  }
  SUBCASE("the block has another frame") {
    later.coroutines[0].created_ticks += 1;
  }
  CHECK_FALSE(keep_unmoved(kept, later));
  CHECK(kept.empty());
}

}  // namespace
}  // namespace track::analyze
