#include "libtrack/capture/told.h"

#include <doctest/doctest.h>
#include <ucontext.h>

#include <cstddef>
#include <string>
#include <vector>

#include "libtrack/capture/told_fibers.h"
#include "libtrack/core/declared.h"
#include "libtrack/core/fiber_table.h"
#include "libtrack/core/told_coroutines.h"
#include "tests/support/open_recording.h"

using namespace track;
using wire::ToldCoroutine;
using wire::ToldPlace;
using wire::ToldState;

namespace {

constexpr const char* kOptions = "coroutines_max=1024";
constexpr uint64_t kFrame = 0x7000'0000'0040;

uint32_t create(uint64_t frame) {
  core::Registers registers;
  TRACK_GET_REGISTERS(registers);
  return capture::told_created(frame, registers);
}

const ToldPlace& place(const ToldCoroutine& coroutine) {
  const uint32_t index = coroutine.place.load();
  REQUIRE(index != 0);
  return core::section_start<ToldPlace>(wire::SectionKind::told_places)[index - 1];
}

}  // namespace

TEST_CASE("what is told of a coroutine stands in its entry") {
  test::need_recording(kOptions);
  const uint32_t id = create(kFrame);
  REQUIRE(id != 0);
  ToldCoroutine* coroutine = core::told_coroutine(id, kFrame);
  REQUIRE(coroutine != nullptr);
  CHECK(coroutine->state.load() == ToldState::running);
  CHECK(coroutine->creator == core::this_thread.task);
  CHECK(coroutine->stack != 0);
  capture::told_suspended(id, kFrame, ToldState::await, "a/b.cc", "f(int)", 12);
  CHECK(coroutine->state.load() == ToldState::await);
  CHECK(coroutine->since_ticks.load() >= coroutine->created_ticks);
  CHECK(place(*coroutine).line == 12);
  CHECK(std::string(place(*coroutine).file) == "a/b.cc");
  CHECK(std::string(place(*coroutine).function) == "f(int)");
  capture::told_resumed(id, kFrame);
  CHECK(coroutine->state.load() == ToldState::running);
  CHECK(coroutine->resumes.load() == 1);
  CHECK(coroutine->thread.load() == core::this_thread.task);
  capture::told_awaited_by(id, kFrame, 0x1234);
  CHECK(coroutine->awaiter.load() == 0x1234);
  SUBCASE("what it waits for goes when it is suspended for something else") {
    capture::told_suspended(id, kFrame, ToldState::await, "a/b.cc", "f(int)", 13);
    CHECK(coroutine->object.load() == 0);
    capture::told_waits_for(id, kFrame, 0x5000, 3);
    CHECK(coroutine->object.load() == wire::told_object_word(0x5000, 3));
    capture::told_waits_for(id, kFrame + 64, 0x6000, 3);  // another one
    CHECK(coroutine->object.load() == wire::told_object_word(0x5000, 3));
    capture::told_resumed(id, kFrame);
    capture::told_suspended(id, kFrame, ToldState::await, "a/b.cc", "f(int)", 12);
    CHECK(coroutine->object.load() == 0);
  }
  SUBCASE("what it owns") {
    CHECK(capture::told_owns(id, kFrame, 0x5000));
    CHECK_FALSE(capture::told_owns(id, kFrame + 64, 0x5040));
    const wire::Declared* lock = core::declared_lock(0x5000);
    REQUIRE(lock != nullptr);
    CHECK(wire::task_of_object(0x5000, lock->owner.load()) ==
          wire::coroutine_owner(id, coroutine->created_ticks));
    CHECK(coroutine->owns.load() == 1);
    core::set_owner(0x5000, 0);
    CHECK(coroutine->owns.load() == 0);
    core::forget_declared(wire::DeclaredSort::lock, 0x5000);
  }
  SUBCASE("the place where it ends is not its own") {
    capture::told_suspended(id, kFrame, ToldState::final, "lib.h", "final_suspend", 1);
    CHECK(coroutine->state.load() == ToldState::final);
    CHECK(place(*coroutine).line == 12);
  }
  capture::told_destroyed(id, kFrame);
  CHECK(coroutine->frame.load() == 0);
}

TEST_CASE("an id means nothing with another frame, or after the end") {
  test::need_recording(kOptions);
  const uint32_t id = create(kFrame);
  ToldCoroutine* coroutine = core::told_coroutine(id, kFrame);
  REQUIRE(coroutine != nullptr);
  for (const uint32_t wrong : {0u, id + 1, UINT32_MAX})
    CHECK(core::told_coroutine(wrong, kFrame) == nullptr);
  capture::told_suspended(id, kFrame + 64, ToldState::await, "x.cc", "g", 1);
  capture::told_destroyed(id, kFrame + 64);
  CHECK(coroutine->state.load() == ToldState::running);
  CHECK(coroutine->frame.load() == kFrame);
  capture::told_destroyed(id, kFrame);
  capture::told_destroyed(id, kFrame);  // as of a stale promise
  const uint32_t next = create(kFrame + 128);
  capture::told_suspended(id, kFrame, ToldState::await, "x.cc", "g", 1);
  CHECK(core::told_coroutine(next, kFrame + 128)->state.load() == ToldState::running);
  capture::told_destroyed(next, kFrame + 128);
}

TEST_CASE("a place is kept once, by its texts' addresses and line; of long texts the end") {
  test::need_recording(kOptions);
  const std::string file(1000, 'd'), function = std::string(1000, 'n') + "(int)";
  const uint32_t one = core::told_place(file.c_str(), function.c_str(), 7);
  REQUIRE(one != 0);
  CHECK(core::told_place(file.c_str(), function.c_str(), 7) == one);
  CHECK(core::told_place(file.c_str(), function.c_str(), 8) != one);
  const auto& there = core::section_start<ToldPlace>(wire::SectionKind::told_places)[one - 1];
  CHECK(std::string(there.file) == std::string(sizeof there.file - 1, 'd'));
  CHECK(std::string(there.function).ends_with("nnn(int)"));
  CHECK(core::told_place(nullptr, nullptr, 0) != 0);
}

TEST_CASE("one that ends with what it owns leaves its entry, unless somebody awaited it") {
  test::need_recording(kOptions);
  for (const bool awaited : {false, true}) {
    const uint32_t id = create(kFrame);
    ToldCoroutine* coroutine = core::told_coroutine(id, kFrame);
    REQUIRE(coroutine != nullptr);
    if (awaited) capture::told_awaited_by(id, kFrame, kFrame + 128);
    CHECK(capture::told_owns(id, kFrame, 0x5000));
    capture::told_destroyed(id, kFrame);
    const uint32_t next = create(kFrame);
    CHECK((next == id) == awaited);
    capture::told_destroyed(next, kFrame);
    core::forget_declared(wire::DeclaredSort::lock, 0x5000);
  }
  // An eighth of all entries at most.
  for (int i = 0; i < 5000; ++i) {
    const uint32_t id = create(kFrame);
    REQUIRE(id != 0);
    capture::told_owns(id, kFrame, 0x5000);
    capture::told_destroyed(id, kFrame);
  }
  core::forget_declared(wire::DeclaredSort::lock, 0x5000);
}

TEST_CASE("when all entries are taken that is counted, and one that goes makes room") {
  test::need_recording(kOptions);
  std::vector<uint32_t> ids;
  uint64_t frame = kFrame;
  for (uint32_t id; ids.size() < 5000 && (id = create(frame)) != 0; frame += 64) ids.push_back(id);
  CHECK(ids.size() >= 1024 - 1024 / 8);  // some are kept for what ended with what it owned
  CHECK(ids.size() < 5000);
  CHECK(core::lost().coroutines.load() == 1);
  capture::told_destroyed(ids.back(), frame - 64);
  ids.back() = create(frame - 64);
  CHECK(ids.back() != 0);
  for (; !ids.empty(); ids.pop_back()) capture::told_destroyed(ids.back(), frame -= 64);
  CHECK(core::this_thread.slot->coroutines_created.load() ==
        core::this_thread.slot->coroutines_destroyed.load());
}

TEST_CASE("a told fiber is the one of its handle, until it is over or its stack is another's") {
  test::need_recording(kOptions);
  alignas(16) static char stack[8192];
  const auto low = reinterpret_cast<uint64_t>(stack);
  core::Registers registers;
  TRACK_GET_REGISTERS(registers);
  const auto create_fiber = [&] {
    return capture::told_fiber_created(low, low + sizeof stack, 0x1234, registers);
  };
  const uint64_t first = create_fiber();
  REQUIRE(first != 0);
  const wire::FiberSlot& slot = core::fiber_slot(static_cast<uint32_t>(first));
  CHECK(slot.state.load() == wire::FiberState::created);
  CHECK(slot.entry == 0x1234);
  CHECK(core::fiber_at(low + 100) == static_cast<uint32_t>(first));
  capture::told_fiber_destroyed(first + (uint64_t{1} << 32));  // another task's number
  capture::told_fiber_destroyed(0xffffffff);
  CHECK(slot.state.load() == wire::FiberState::created);
  const uint64_t second = create_fiber();
  CHECK(second != first);
  capture::told_fiber_destroyed(first);  // over already
  CHECK(core::fiber_at(low) == static_cast<uint32_t>(second));

  // As the call on the fiber's stack leaves it: away from the fiber that runs there.
  auto* saved = reinterpret_cast<capture::CallersRegisters*>(stack + 4096);
  *saved = {
      .rbx = 1, .rbp = 2, .r12 = 3, .r13 = 4, .r14 = 5, .r15 = 6, .unused = 0, .return_address = 7};
  capture::CallersRegisters own{};
  capture::told_fiber_switching(second, own);
  CHECK(slot.state.load() == wire::FiberState::running);
  CHECK(core::this_thread.fiber == static_cast<uint32_t>(second));
  capture::told_fiber_switching(0, *saved);
  CHECK(slot.state.load() == wire::FiberState::suspended);
  CHECK(core::this_thread.fiber == 0);
  REQUIRE(slot.context.load() != 0);
  const auto* gregs = reinterpret_cast<const int64_t*>(slot.context.load() +
                                                       offsetof(ucontext_t, uc_mcontext.gregs));
  CHECK(gregs[REG_RBX] == 1);
  CHECK(gregs[REG_RBP] == 2);
  CHECK(gregs[REG_R12] == 3);
  CHECK(gregs[REG_R15] == 6);
  CHECK(gregs[REG_RIP] == 7);
  CHECK(gregs[REG_RSP] == static_cast<int64_t>(reinterpret_cast<uint64_t>(saved + 1)));
  capture::told_fiber_switching(first, own);  // to one that is over: nowhere that is known
  CHECK(core::this_thread.fiber == 0);
  capture::told_fiber_destroyed(second);
  CHECK(slot.state.load() == wire::FiberState::free);
  CHECK(core::fiber_at(low) == 0);
}

// Last: then there is none for anybody.
TEST_CASE("a place that finds no room is counted") {
  test::need_recording(kOptions);
  const uint64_t before = core::lost().labels.load();
  uint32_t line = 1;
  while (line < 1'000'000 && core::told_place("full.cc", "f", line) != 0) ++line;
  REQUIRE(line < 1'000'000);
  CHECK(core::lost().labels.load() == before + 1);
}
