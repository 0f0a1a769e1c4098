#include <doctest/doctest.h>

#include "cli/read/bytes.h"
#include "cli/read/recording.h"
#include "tests/support/recording_builder.h"

using namespace track;
using test::RecordingBuilder;

TEST_CASE("Sums of waits are read with their times and stacks") {
  RecordingBuilder recording;
  wire::ContentionSlot& slot = recording.add_contention(wire::ContentionRole::holder,
                                                        wire::WaitKind::rwlock_write, 0x7f0010);
  slot.count = 3;
  slot.ticks = 5000;
  slot.most_ticks = 4000;
  slot.stack = recording.add_stack({0x1000, 0x2000});
  const Trace trace = read::read_recording(read::Bytes::memory(recording.bytes()), "test", false);
  REQUIRE(trace.contention.size() == 1);
  const Contention& cost = trace.contention[0];
  CHECK(cost.role == ContentionRole::holder);
  CHECK(cost.kind == WaitKind::rwlock_write);
  CHECK(cost.object == 0x7f0010);
  CHECK(cost.count == 3);
  CHECK(cost.total_ns == 5000);
  CHECK(cost.longest_ns == 4000);
  CHECK(cost.created_at == 0);
  REQUIRE(cost.stack != 0);
  CHECK(trace.stacks[cost.stack].addresses.size() == 2);
  CHECK(trace.warnings.empty());
}

TEST_CASE("Sums of no known kind are left out, and said; what is only being made is not missed") {
  RecordingBuilder recording;
  recording.add_contention(wire::ContentionRole::waiter, static_cast<wire::WaitKind>(99), 1);
  recording.add_contention(static_cast<wire::ContentionRole>(9), wire::WaitKind::mutex, 1);
  recording.add_contention(wire::ContentionRole::waiter, wire::WaitKind::mutex, 1).identity = 0;
  const Trace trace = read::read_recording(read::Bytes::memory(recording.bytes()), "test", false);
  CHECK(trace.contention.empty());
  REQUIRE(trace.warnings.size() == 1);
  CHECK(trace.warnings[0].find("2 sums of waits") == 0);
}

TEST_CASE("Lock orders are read with the threads that kept to them") {
  RecordingBuilder recording;
  wire::OrderSlot& slot = recording.add_order(0x20);
  slot.held_count = 1;
  slot.held[0] = 0x10 | wire::kHeldWrite;
  slot.held_birth[0] = 4;
  slot.witnesses[0].task = 2;
  slot.witnesses[0].first_ticks = RecordingBuilder::ticks(RecordingBuilder::kStartNs + 500);
  slot.witnesses[1].task = 3;  // not written to its end
  wire::OrderSlot& deep = recording.add_order(0x30);
  deep.held_count = wire::kOrderHeld + 1;
  recording.add_order(0x40).held_count = 1000;
  const Trace trace = read::read_recording(read::Bytes::memory(recording.bytes()), "test", false);
  REQUIRE(trace.lock_orders.size() == 2);
  const LockOrder& order = trace.lock_orders[0];
  CHECK(order.lock.address == 0x20);
  REQUIRE(order.held.size() == 1);
  CHECK(order.held[0].address == 0x10);
  CHECK(order.held[0].sort == HeldSort::write);
  CHECK(order.held[0].birth == 4);
  REQUIRE(order.witnesses.size() == 1);
  CHECK(order.witnesses[0].first_ns == RecordingBuilder::kStartNs + 500);
  CHECK(order.complete);
  CHECK_FALSE(trace.lock_orders[1].complete);
  CHECK(trace.warnings.size() == 1);
}
