#include "cli/analyze/keepers.h"

#include <doctest/doctest.h>

#include "cli/analyze/judge.h"
#include "tests/support/process_builder.h"

namespace track::analyze {
namespace {

using Process = test::ProcessBuilder;
using Words = std::vector<std::string>;

Words way(const Process& p, const Fixpoint& found, uint32_t id) {
  for (const Thread& thread : p.trace.threads)
    if (const auto* path = way_to_object(found, thread); thread.id == id && path != nullptr)
      return retention_words(*path, p.trace, p.symbols);
  return {};
}

TEST_CASE("what a blocked thread waits on is kept by a global, through blocks") {
  Process p;
  p.add_thread();
  const uint64_t registry = p.block(24), channel = p.block(136);
  p.global(5, registry);
  p.store(registry + 8, channel);
  p.push(2, channel);
  p.blocks_on(2, WaitKind::condition, channel + 48);
  p.symbols.objects[Process::kGlobals + 40] = "registry";
  CHECK(way(p, p.solve(), 2) ==
        Words{"global `registry`", "heap block of 24 B", "heap block of 136 B"});
  SUBCASE("and a finding says so") {
    p.trace.end = ProcessEnd::main_returned;
    const auto findings = judge(p.trace, p.symbols, {}, p.solve());
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].rule == Rule::outlived_task);
    CHECK(findings[0].kept_by.size() == 3);
  }
  SUBCASE("without anybody who keeps it there is no way to it") {
    p.global(5, 0);
    CHECK(way(p, p.solve(), 2).empty());
  }
}

TEST_CASE("of what lies in a global itself only that is told") {
  Process p;
  p.add_thread();
  p.blocks_on(2, WaitKind::semaphore, Process::kGlobals + 16);
  p.symbols.objects[Process::kGlobals + 16] = "tokens";
  CHECK(way(p, p.solve(), 2) == Words{"global `tokens`"});
}

TEST_CASE("an object on the waiter's own stack is kept by whoever refers to that") {
  Process p;
  p.add_thread();
  const uint64_t list = p.block(32);
  p.global(1, list);
  p.store(list, p.stack_of(2) + 64);
  p.blocks_on(2, WaitKind::condition, p.stack_of(2) + 64);
  p.symbols.objects[Process::kGlobals + 8] = "waiters";
  const Words words = way(p, p.solve(), 2);
  REQUIRE(words.size() == 3);
  CHECK(words[0] == "global `waiters`");
  CHECK(words[1] == "heap block of 32 B");
  CHECK(words[2].starts_with("stack of thread 2"));
}

TEST_CASE("a live thread's stack is where a way begins") {
  Process p;
  p.add_thread();
  const uint64_t shared = p.block(56);
  p.push(1, shared);
  p.push(2, shared);
  p.blocks_on(2, WaitKind::futex, shared + 16);
  const Words words = way(p, p.solve(), 2);
  REQUIRE(words.size() == 2);
  CHECK(words[0].starts_with("stack of thread 1"));
}

TEST_CASE("of a contended mutex the waiter's own knowledge says nothing") {
  Process p;
  p.add_thread();
  const uint64_t mutex = p.block(40);
  p.push(2, mutex);
  p.blocks_on(2, WaitKind::mutex, mutex);
  CHECK(way(p, p.solve(), 2).empty());
}

Fiber parked(uint64_t context, uint64_t low, uint64_t bytes) {
  Fiber fiber;
  fiber.id = 7;
  fiber.state = TaskState::suspended;
  fiber.context = context;
  fiber.stack_low = low;
  fiber.stack_high = low + bytes;
  return fiber;
}

TEST_CASE("a suspended fiber is kept by whoever refers to its stack or its registers") {
  Process p;
  const uint64_t context = p.block(64), stack = p.block(256);
  p.store(context + 32, stack + 128);
  p.global(2, context);
  p.symbols.objects[Process::kGlobals + 16] = "parked";
  SUBCASE("the stack in a block of the heap") {
    p.trace.fibers.push_back(parked(context, stack, 256));
    const Fixpoint found = p.solve();
    REQUIRE(found.kept_fibers.size() == 1);
    CHECK(retention_words(found.retentions.at(found.kept_fibers[0].retention), p.trace,
                          p.symbols) == Words{"global `parked`", "heap block of 64 B"});
  }
  SUBCASE("a stack with a mapping of its own") {
    constexpr uint64_t kStack = 0x7e0000000000;
    p.trace.fibers.push_back(parked(kStack + 400, kStack, 512));
    p.store(context + 32, kStack + 400);
    const Fixpoint found = p.solve();
    REQUIRE(found.kept_fibers.size() == 1);
    CHECK(
        retention_words(found.retentions.at(found.kept_fibers[0].retention), p.trace, p.symbols) ==
        Words{"global `parked`", "heap block of 64 B", "stack of fiber 7"});
  }
  SUBCASE("nobody does") {
    p.trace.fibers.push_back(parked(context, stack, 256));
    p.global(2, 0);
    CHECK(p.solve().kept_fibers.empty());
  }
}

TEST_CASE("a way ends at a thread's variables, where what they keep refers to them, too") {
  Process p;
  p.add_thread();
  const uint64_t variables = p.block(64), scheduler = p.block(40), stack = p.block(256);
  p.variables(1, variables, 64);
  p.store(variables + 8, scheduler);
  p.store(scheduler + 8, variables);
  p.store(scheduler + 16, stack + 128);
  p.trace.fibers.push_back(parked(scheduler, stack, 256));
  const Fixpoint found = p.solve();
  REQUIRE(found.kept_fibers.size() == 1);
  CHECK(retention_words(found.retentions.at(found.kept_fibers[0].retention), p.trace, p.symbols) ==
        Words{"thread-local data of thread 1 (main, tid 901)", "heap block of 40 B"});
}

TEST_CASE("a stuck thread holds its stack and what is reachable through it alone") {
  constexpr uint64_t kStack = Process::kStackBytes;
  Process p;
  p.add_thread();
  p.add_thread();
  const uint64_t one = p.block(48), other = p.block(64), shared = p.block(96), below = p.block(32);
  p.blocks_on(2, WaitKind::condition, one);
  p.blocks_on(3, WaitKind::condition, other);
  p.push(2, one);
  p.push(3, other);
  const auto held = [&](uint32_t id) {
    for (const StuckThread& stuck : p.solve().threads)
      if (stuck.id == id) return stuck.held_bytes;
    return uint64_t{0};
  };
  CHECK(held(2) == kStack + 48);
  SUBCASE("what two of them share is neither's") {
    p.store(one + 8, shared);
    p.store(other + 8, shared);
    p.store(shared, below);
    CHECK(held(2) == kStack + 48);
    CHECK(held(3) == kStack + 64);
  }
  SUBCASE("what it reaches in two ways counts once") {
    p.store(one + 8, shared);
    p.store(one + 16, below);
    p.store(shared, below);
    p.store(below, one);
    CHECK(held(2) == kStack + 48 + 96 + 32);
    CHECK(held(3) == kStack + 64);
  }
  SUBCASE("what something live keeps too does not count, nor what hangs on it") {
    p.store(one + 8, shared);
    p.store(shared, below);
    p.global(3, shared);
    CHECK(held(2) == kStack + 48);
  }
  SUBCASE("what is lost beside it counts only when it leads there") {
    p.store(shared, one);
    CHECK(held(2) == kStack + 48);
  }
}

TEST_CASE(
    "what two groups of coroutines share is neither's, and what one group shares is its own") {
  Process p;
  const uint64_t first = p.block(96), second = p.block(96), shared = p.block(64);
  for (const uint64_t frame : {first, second}) {
    p.add_coroutine(frame == first ? "first()" : "second()", 0).address = frame;
    p.store(frame + 40, shared);
  }
  const auto held = [&] {
    uint64_t bytes = 0;
    for (const Kept& kept : p.solve().kept) bytes += kept.held_bytes;
    for (const Orphan& orphan : p.solve().coroutines) bytes += orphan.held_bytes;
    return bytes;
  };
  CHECK(held() == 96 + 96);
  SUBCASE("of kept ones too") {
    p.global(1, first);
    p.global(2, second);
    CHECK(held() == 96 + 96);
    p.trace.coroutines[1].function = p.trace.coroutines[0].function;
    CHECK(held() == 96 + 96 + 64);
  }
  SUBCASE("of one function they hold it together") {
    p.trace.coroutines[1].function = p.trace.coroutines[0].function;
    CHECK(held() == 96 + 96 + 64);
  }
}

TEST_CASE("who keeps what is told without anything that is a verdict") {
  Process p;
  p.add_thread();
  p.add_thread();
  const uint64_t kept = p.block(48);
  p.global(0, kept);
  p.blocks_on(2, WaitKind::condition, kept);
  p.blocks_on(3, WaitKind::condition, p.block(48));
  const Fixpoint found = p.solve();
  CHECK(found.threads.size() == 1);
  const Fixpoint only = only_keepers(found);
  CHECK(only.empty());
  CHECK_FALSE(way(p, only, 2).empty());
  CHECK(judge(p.trace, p.symbols, {}, only).empty());
}

}  // namespace
}  // namespace track::analyze
