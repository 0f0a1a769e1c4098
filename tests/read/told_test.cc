#include "cli/model/told.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "cli/model/await_chain.h"
#include "cli/model/told_waits.h"
#include "cli/read/bytes.h"
#include "cli/read/recording.h"
#include "tests/support/recording_builder.h"

using namespace track;
using test::RecordingBuilder;
using wire::ToldState;

namespace {

constexpr uint64_t kNow = RecordingBuilder::kStartNs + 1000;

uint32_t add_place(RecordingBuilder& recording, uint32_t index, const char* function,
                   uint32_t line) {
  auto* places =
      reinterpret_cast<wire::ToldPlace*>(recording.section_bytes(wire::SectionKind::told_places));
  wire::ToldPlace& place = places[index];
  place.key = index + 1;
  place.line = line;
  std::strcpy(place.file, "src/session.cc");
  std::strcpy(place.function, function);
  place.complete = 1;
  return index + 1;
}

Trace trace_of(RecordingBuilder& recording) {
  return read::read_recording(read::Bytes::memory(recording.bytes()), "test", false);
}

const Coroutine& at(const Trace& trace, uint64_t address) {
  const auto found = std::find_if(trace.coroutines.begin(), trace.coroutines.end(),
                                  [&](const Coroutine& c) { return c.address == address; });
  REQUIRE(found != trace.coroutines.end());
  return *found;
}

// As process/ does where it cannot read memory.
void settle(Trace& trace) {
  for (Coroutine& coroutine : trace.coroutines) {
    coroutine.state = coroutine.told.state;
    coroutine.function = told_function(trace, coroutine);
  }
  use_told(trace);
}

}  // namespace

TEST_CASE("Told coroutines are read with their places; of two in one place the younger counts") {
  RecordingBuilder recording;
  const uint32_t place = add_place(
      recording, 3, "void {anonymous}::f({anonymous}::f(int)::_ZN12_GLOBAL__N_11fEi.Frame*)", 55);
  recording.add_told(0x5000, kNow, ToldState::await, place);
  recording.add_told(0x6000, kNow + 10, ToldState::running, 0);
  recording.add_told(0x6000, kNow, ToldState::await, place);
  recording.add_told(0, kNow, ToldState::await, place);
  Trace trace = trace_of(recording);
  CHECK(trace.warnings.empty());
  REQUIRE(trace.coroutines.size() == 2);
  settle(trace);
  const Coroutine& waiting = at(trace, 0x5000);
  CHECK(suspended_text(trace, waiting) == "(anonymous namespace)::f at session.cc:55 (co_await)");
  CHECK(waiting.since_ns == kNow + 500);
  CHECK(at(trace, 0x6000).told.state == TaskState::running);
  CHECK(at(trace, 0x6000).await_point == 0);
}

TEST_CASE("Who awaits is believed of those that wait, and nothing of who is not there") {
  RecordingBuilder recording;
  const uint32_t place = add_place(recording, 0, "task g(int)", 7);
  recording.add_told(0x5000, kNow, ToldState::await, place).awaiter = 0x6000;
  recording.add_told(0x6000, kNow, ToldState::await, place).awaiter = 0x7000;
  recording.add_told(0x7000, kNow, ToldState::running, place);
  recording.add_told(0x8000, kNow, ToldState::final, place).awaiter = 0x6000;
  recording.add_told(0x9000, kNow, ToldState::initial, place).awaiter = 0xdead000;
  recording.add_told(0xa000, kNow, ToldState::await, place).awaiter = 0xa000;
  Trace trace = trace_of(recording);
  settle(trace);
  CHECK(at(trace, 0x5000).awaited_by == 0x6000);
  CHECK(at(trace, 0x6000).awaits == 0x5000);
  CHECK(at(trace, 0x6000).awaited_by == 0);  // by one that runs
  for (const uint64_t alone : {0x8000u, 0x9000u, 0xa000u}) CHECK(at(trace, alone).awaited_by == 0);
  CHECK(await_text(trace, at(trace, 0x8000).await_point) == "finished");
  CHECK(await_text(trace, at(trace, 0x9000).await_point) == "not started");
}

TEST_CASE("What a coroutine waits for is read where it waits, and which one has it") {
  RecordingBuilder recording;
  constexpr uint64_t kLock = 0x1000, kOther = 0x2000;
  const auto lock = static_cast<uint32_t>(wire::ToldWaitKind::lock);
  recording.add_told(0x5000, kNow, ToldState::await, 0).object =
      wire::told_object_word(kLock, lock);
  recording.add_told(0x6000, kNow, ToldState::await, 0).object =
      wire::told_object_word(kOther, lock | wire::kToldTimed);
  recording.add_told(0x7000, kNow, ToldState::running, 0).object =
      wire::told_object_word(kLock, lock);
  auto* said =
      reinterpret_cast<wire::Declared*>(recording.section_bytes(wire::SectionKind::declared));
  const auto owned = [&](uint64_t object, uint32_t id, uint64_t made_ns) {
    said->address = object;
    said->sort = static_cast<uint32_t>(wire::DeclaredSort::lock);
    said->flags = wire::kToldObject;
    said++->owner =
        wire::object_task(object, wire::coroutine_owner(id, RecordingBuilder::ticks(made_ns)));
  };
  owned(kLock, 2, kNow);
  owned(kOther, 4, kNow);  // that is over
  wire::ToldCoroutine& over = recording.add_told(0, kNow, ToldState::final, 0);
  SUBCASE("nobody awaited it") {}
  SUBCASE("somebody did, and may have it now") {
    over.awaiter = 0x5000;
  }
  SUBCASE("its entry is another one's now") {
    over.created_ticks -= 1000;
  }
  const bool known = over.awaiter == 0 && over.created_ticks == RecordingBuilder::ticks(kNow);
  recording.header().sections[static_cast<uint32_t>(wire::SectionKind::declared)].used = 2;
  Trace trace = trace_of(recording);
  settle(trace);
  CHECK(trace.warnings.empty());
  CHECK(at(trace, 0x5000).told.wait.kind == WaitKind::told_lock);
  CHECK(at(trace, 0x5000).told.wait.object == kLock);
  CHECK(at(trace, 0x6000).told.wait.timed);
  CHECK(at(trace, 0x7000).told.wait.kind == WaitKind::none);
  CHECK(trace.told_objects.at(kLock).owner_frame == 0x6000);
  CHECK(trace.told_objects.at(kOther).owner_frame == (known ? ToldObject::kOverFrame : 0));
  Symbols symbols;
  symbols.objects[kLock] = "accounts";
  const Coroutine& waiting = at(trace, 0x5000);
  CHECK(told_wait_text(trace, symbols, waiting) ==
        "lock 0x1000 (accounts), held by coroutine " + std::to_string(at(trace, 0x6000).id));
  CHECK(told_wait_text(trace, symbols, at(trace, 0x7000)).empty());
}

TEST_CASE("A place that is none, or is being written, says nothing") {
  RecordingBuilder recording;
  const uint32_t place = add_place(recording, 1, "h", 9);
  reinterpret_cast<wire::ToldPlace*>(recording.section_bytes(wire::SectionKind::told_places))[1]
      .complete = 0;
  recording.add_told(0x5000, kNow, ToldState::await, place);
  recording.add_told(0x6000, kNow, ToldState::await, 0xffffffff);
  recording.add_told(0x7000, kNow, static_cast<ToldState>(77), 0);
  Trace trace = trace_of(recording);
  settle(trace);
  REQUIRE(trace.coroutines.size() == 3);
  for (const Coroutine& coroutine : trace.coroutines) {
    CHECK(coroutine.state == TaskState::suspended);
    CHECK(coroutine.function == 0);
    CHECK(await_text(trace, coroutine.await_point).empty());
  }
}
