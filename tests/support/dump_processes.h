// Processes with one of everything, for the tests of dumps.
#pragma once

#include <vector>

#include "cli/model/loaded.h"
#include "tests/support/trace_builder.h"

namespace track::test {

inline Loaded everything() {
  TraceBuilder builder;
  const StackIndex created = builder.stack({"start@10", "main@20"});
  const StackIndex blocked = builder.stack({"wait@30", "run@40"});
  builder.add_thread(TaskState::ended).created_at = created;
  builder.add_thread().name = "worker";
  builder.thread(3).created_at = created;
  builder.waits(3, WaitKind::mutex, 0x5000);
  builder.thread(3).wait.stack = blocked;
  builder.thread(3).wait.owner_tid = -1;
  builder.holds(3, 0x6000, HeldSort::read);
  builder.mutex_word(0x5000, 901);
  for (int i = 0; i < 70; ++i) builder.add_coroutine("session()", created).await_point = 1;
  builder.trace.coroutines[0].awaits = builder.trace.coroutines[1].address;
  builder.trace.coroutines[1].awaited_by = builder.trace.coroutines[0].address;
  AwaitPoint point;
  point.stage = AwaitStage::await;
  point.line = 55;
  point.exact = true;
  point.file = "/src/session.cc";
  point.function = 1;
  builder.trace.await_points = {AwaitPoint{}, point};
  Fiber fiber;
  fiber.id = 9;
  fiber.state = TaskState::suspended;
  fiber.stack_low = 0x10000;
  fiber.stack_high = 0x20000;
  fiber.suspended_at = blocked;
  builder.trace.fibers.push_back(fiber);
  builder.trace.lost["stacks"] = 3;
  builder.trace.not_visible.emplace_back("ages");
  builder.trace.source = "pid 900";
  builder.trace.command_line = {"server", "--fast"};
  builder.trace.signal = -1;
  builder.symbols.objects[0x5000] = "cache_mu";
  builder.symbols.notes.emplace_back("libz.so: no debug information");

  Loaded loaded;
  loaded.report.trace = std::move(builder.trace);
  loaded.report.symbols = std::move(builder.symbols);
  loaded.report.note = "when the time was up";
  loaded.notes = {"the time was up"};
  Finding deadlock;
  deadlock.rule = Rule::deadlock;
  deadlock.evidence = Evidence::proved;
  deadlock.title = "2 threads wait for each other";
  deadlock.because = {"thread 1 waits for thread 3"};
  deadlock.blocked_at = blocked;
  deadlock.tasks.resize(2);
  deadlock.wait_object.kind = "mutex";
  loaded.deadlocks.findings.push_back(deadlock);
  loaded.deadlocks.stuck = {1, 3};
  loaded.fixpoint.taken = loaded.fixpoint.coherent = true;
  loaded.fixpoint.doubts = {"shared memory"};
  StuckThread& stuck = loaded.fixpoint.threads.emplace_back();
  stuck.id = 3;
  stuck.by = StuckBy::owner;
  stuck.other = 1;
  stuck.held_bytes = 4096;
  Orphan& orphan = loaded.fixpoint.coroutines.emplace_back();
  orphan.address = loaded.report.trace.coroutines[5].address;
  orphan.held_bytes = 96;
  loaded.fixpoint.not_visible = {"one instant"};
  loaded.fixpoint.held_ns = 5'000'000;
  return loaded;
}

}  // namespace track::test
