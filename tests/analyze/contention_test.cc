#include "cli/analyze/contention.h"

#include <doctest/doctest.h>

#include "tests/support/trace_builder.h"

using namespace track;
using analyze::CostOrder;
using analyze::view_contention;

namespace {

constexpr uint64_t kMs = 1'000'000;

void add(test::TraceBuilder& b, ContentionRole role, WaitKind kind, uint64_t object,
         StackIndex stack, uint64_t count, uint64_t ms, StackIndex created = 0) {
  Contention cost;
  cost.role = role;
  cost.kind = kind;
  cost.object = object;
  cost.stack = stack;
  cost.created_at = created;
  cost.count = count;
  cost.total_ns = ms * kMs;
  cost.longest_ns = ms * kMs / (count == 0 ? 1 : count);
  b.trace.contention.push_back(cost);
}

}  // namespace

TEST_CASE("Locks come with the places that waited and those that made them wait, most first") {
  test::TraceBuilder b;
  const StackIndex reads = b.stack({"reads@1"}), writes = b.stack({"writes@2"});
  add(b, ContentionRole::waiter, WaitKind::mutex, 0x10, reads, 3, 30);
  add(b, ContentionRole::waiter, WaitKind::mutex, 0x10, writes, 1, 50);
  add(b, ContentionRole::holder, WaitKind::mutex, 0x10, reads, 4, 70);
  add(b, ContentionRole::holder, WaitKind::mutex, 0x10, 0, 1, 10);
  add(b, ContentionRole::waiter, WaitKind::mutex, 0x20, reads, 9, 20);
  const auto view = view_contention(b.trace, CostOrder::total, 0);
  REQUIRE(view.locks.size() == 2);
  CHECK(view.events.empty());
  CHECK(view.locks[0].object == 0x10);
  CHECK(view.locks[0].count == 4);
  CHECK(view.locks[0].total_ns == 80 * kMs);
  CHECK(view.locks[0].longest_ns == 50 * kMs);
  CHECK(view.locks[0].waiters[0].stack == writes);
  CHECK(view.locks[0].holders[0].stack == reads);
  CHECK(view.locks[0].holders.size() == 2);
  CHECK(view_contention(b.trace, CostOrder::count, 0).locks[0].object == 0x20);
  CHECK(view_contention(b.trace, CostOrder::total, 50 * kMs).locks.size() == 1);
}

TEST_CASE("Holds are counted by lock, those of now included, also of locks nobody waited for") {
  test::TraceBuilder b;
  const StackIndex longest = b.stack({"slow@1"}), other = b.stack({"fast@2"});
  add(b, ContentionRole::waiter, WaitKind::mutex, 0x10, other, 1, 10);
  const auto held = [&](WaitKind kind, uint64_t object, uint64_t ms, StackIndex stack) {
    HistoryEvent event;
    event.kind = HistoryKind::lock_held;
    event.wait = kind;
    event.object = object;
    event.duration_ns = ms * kMs;
    event.stack = stack;
    b.trace.history.events.push_back(event);
  };
  held(WaitKind::mutex, 0x10, 5, longest);
  held(WaitKind::mutex, 0x10, 2, other);
  held(WaitKind::rwlock_read, 0x20, 1, other);
  held(WaitKind::rwlock_write, 0x20, 7, longest);
  b.holds(1, 0x10);
  b.thread(1).held[0].since_ns = b.trace.taken_ns - 3 * kMs;
  const auto view = view_contention(b.trace, CostOrder::total, 0);
  REQUIRE(view.locks.size() == 2);
  CHECK(view.holds == 5);
  CHECK(view.holds_from_ns == b.trace.start_ns);
  CHECK(view.locks[0].object == 0x10);
  CHECK(view.locks[0].holds.count == 3);
  CHECK(view.locks[0].holds.total_ns == 10 * kMs);
  CHECK(view.locks[0].holds.longest_ns == 5 * kMs);
  CHECK(view.locks[0].holds.longest_at == longest);
  CHECK(view.locks[0].held_by == std::vector<size_t>{0});
  CHECK(view.locks[1].count == 0);
  CHECK(view.locks[1].holds.count == 2);
  CHECK(view.locks[1].holds.read_count == 1);
  b.trace.history.overwritten = 9;
  b.trace.history.complete_since = 12;
  CHECK(view_contention(b.trace, CostOrder::held, 0).holds_from_ns == 12);
}

TEST_CASE("Both sides of a reader-writer lock are one lock, and told apart in it") {
  test::TraceBuilder b;
  const StackIndex at = b.stack({"f@1"});
  add(b, ContentionRole::waiter, WaitKind::rwlock_read, 0x10, at, 5, 100);
  add(b, ContentionRole::waiter, WaitKind::rwlock_write, 0x10, at, 1, 20);
  const auto view = view_contention(b.trace, CostOrder::total, 0);
  REQUIRE(view.locks.size() == 1);
  CHECK(view.locks[0].count == 6);
  CHECK(view.locks[0].read_count == 5);
  CHECK(view.locks[0].read_ns == 100 * kMs);
  CHECK(view.locks[0].kind == WaitKind::rwlock_read);
}

TEST_CASE("Who waits and who holds just now is there, also where no wait is over") {
  test::TraceBuilder b;
  b.add_thread();
  b.add_thread();
  b.holds(1, 0x10);
  b.waits(2, WaitKind::mutex, 0x10);
  b.waits(3, WaitKind::condition, 0x90);
  const auto view = view_contention(b.trace, CostOrder::total, 0);
  REQUIRE(view.locks.size() == 1);
  CHECK(view.locks[0].held_by == std::vector<size_t>{0});
  CHECK(view.locks[0].waited_by == std::vector<size_t>{1});
  CHECK(view.locks[0].ongoing_ns == 28'000 * kMs);
  CHECK(view.locks[0].total_ns == view.locks[0].ongoing_ns);
  REQUIRE(view.events.size() == 1);
  CHECK(view.events[0].object == 0x90);
}

TEST_CASE(
    "Waits for the world outside are no contention; locks of two makers at one address are two") {
  test::TraceBuilder b;
  const StackIndex at = b.stack({"f@1"}), one = b.stack({"one@1"}), two = b.stack({"two@1"});
  add(b, ContentionRole::waiter, WaitKind::epoll, 5, at, 5, 100);
  add(b, ContentionRole::waiter, WaitKind::sleep, 0, at, 5, 100);
  add(b, ContentionRole::waiter, WaitKind::mutex, 0x10, at, 1, 1, one);
  add(b, ContentionRole::waiter, WaitKind::mutex, 0x10, at, 1, 1, two);
  const auto view = view_contention(b.trace, CostOrder::total, 0);
  CHECK(view.locks.size() == 2);
  CHECK(view.events.empty());
}
