#include "cli/read/history.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <utility>

#include "cli/read/recording.h"
#include "tests/support/recording_builder.h"

using namespace track;

namespace {

// A recording with rings, into which a writer goes on writing.
class Rings {
 public:
  explicit Rings(size_t rings) : builder_(0, rings) {}

  // Event number n of a ring has n in its object and its time.
  void write(size_t ring, uint64_t events) {
    uint64_t head = this->head(ring).load();
    for (uint64_t i = 0; i < events; ++i, ++head) {
      wire::Event& event = this->event(ring, head % wire::kRingEvents);
      event = {};
      event.ticks = test::RecordingBuilder::ticks(1'000'000'000 + 10 * (head + 1));
      event.object = head;
      event.task = static_cast<uint32_t>(ring + 1);
      event.duration_ticks = 5;
      event.kind = wire::EventKind::wait_ended;
      event.sort = static_cast<uint8_t>(wire::WaitKind::mutex);
    }
    this->head(ring).store(head);
  }
  // Not as a Ring: these bytes are less aligned than one.
  std::atomic<uint64_t>& head(size_t ring) {
    return *reinterpret_cast<std::atomic<uint64_t>*>(at(ring));
  }
  wire::Event& event(size_t ring, size_t slot) {
    return reinterpret_cast<wire::Event*>(at(ring) + offsetof(wire::Ring, events))[slot];
  }
  wire::Header& header() { return builder_.header(); }
  read::Bytes bytes() { return read::Bytes::memory(std::as_const(builder_).bytes()); }
  Trace trace_of(const read::RingTape& tape) {
    Trace trace = read::read_recording(bytes(), "memory", false);
    tape.into(trace);
    return trace;
  }

 private:
  std::byte* at(size_t ring) {
    return builder_.section_bytes(wire::SectionKind::rings) + ring * wire::kRingStride;
  }

  test::RecordingBuilder builder_;
};

}  // namespace

TEST_CASE("events of all rings come in the order of time, with their length") {
  Rings rings(2);
  rings.write(0, 3);
  rings.write(1, 2);
  read::RingTape tape(rings.bytes());
  tape.read();
  const History history = rings.trace_of(tape).history;
  REQUIRE(history.events.size() == 5);
  CHECK(history.overwritten == 0);
  for (size_t i = 1; i < 5; ++i) CHECK(history.events[i - 1].ns <= history.events[i].ns);
  const HistoryEvent& first = history.events.front();
  CHECK(first.kind == HistoryKind::wait_ended);
  CHECK(first.wait == WaitKind::mutex);
  CHECK(first.duration_ns == 5);
}

TEST_CASE("what was read once does not come again, and nothing new is missed") {
  Rings rings(1);
  read::RingTape tape(rings.bytes());
  for (int round = 0; round < 5; ++round) {
    rings.write(0, wire::kRingEvents / 2);
    tape.read();
  }
  const History history = rings.trace_of(tape).history;
  REQUIRE(history.events.size() == 5 * wire::kRingEvents / 2);
  CHECK(history.overwritten == 0);
  for (size_t i = 0; i < history.events.size(); ++i) REQUIRE(history.events[i].object == i);
}

TEST_CASE("what was overwritten before it was read is a gap with its number") {
  Rings rings(1);
  rings.write(0, wire::kRingEvents + 100);
  read::RingTape tape(rings.bytes());
  tape.read();
  const History history = rings.trace_of(tape).history;
  // One more than was overwritten for sure: the next event goes to the oldest one's place.
  CHECK(history.overwritten == 101);
  CHECK(history.events.size() == wire::kRingEvents - 1);
  CHECK(history.events.front().object == 101);
  CHECK(history.complete_since == history.events.front().ns);
}

TEST_CASE("a tape that is full counts what it leaves out") {
  Rings rings(1);
  rings.write(0, 50);
  read::RingTape tape(rings.bytes(), 20);
  tape.read();
  rings.write(0, 10);
  tape.read();
  const History history = rings.trace_of(tape).history;
  CHECK(history.events.size() == 20);
  CHECK(history.overwritten == 40);
  CHECK(history.complete_since > history.events.back().ns);
}

TEST_CASE("a hold says as which lock, and how long") {
  Rings rings(1);
  rings.write(0, 2);
  for (int i = 0; i < 2; ++i) rings.event(0, i).kind = wire::EventKind::lock_held;
  rings.event(0, 0).sort = wire::kHeldRead;
  rings.event(0, 1).sort = wire::kHeldSpin + 1;
  read::RingTape tape(rings.bytes());
  tape.read();
  const History history = rings.trace_of(tape).history;
  REQUIRE(history.events.size() == 1);
  CHECK(history.unreadable == 1);
  CHECK(history.events[0].kind == HistoryKind::lock_held);
  CHECK(history.events[0].wait == WaitKind::rwlock_read);
  CHECK(history.events[0].duration_ns == 5);
  CHECK(history.events[0].waker == 0);
}

TEST_CASE("nonsense in a ring is left out") {
  Rings rings(2);
  rings.write(0, 4);
  rings.event(0, 1).kind = static_cast<wire::EventKind>(99);
  rings.event(0, 2).sort = 200;
  rings.event(0, 3).ticks = 0;
  rings.head(1) = uint64_t{1} << 60;
  read::RingTape tape(rings.bytes());
  tape.read();
  const History history = rings.trace_of(tape).history;
  CHECK(history.events.size() == 1);
  CHECK(history.unreadable == 3);
}

TEST_CASE("who ended a wait comes from the record") {
  Rings rings(1);
  rings.write(0, 2);
  rings.event(0, 1).by = 7;
  read::RingTape tape(rings.bytes());
  tape.read();
  rings.header().next_task = 8;
  const History history = rings.trace_of(tape).history;
  CHECK(history.events[0].waker == 0);
  CHECK(history.events[1].waker == 7);
}
