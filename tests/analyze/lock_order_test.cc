#include "cli/analyze/lock_order.h"

#include <doctest/doctest.h>

#include "tests/support/trace_builder.h"

using namespace track;
using analyze::find_lock_orders;

namespace {

constexpr uint64_t kA = 0x400010, kB = 0x400020, kC = 0x400030, kGate = 0x400040;

OrderWitness by(uint32_t task, uint64_t first = 50, uint64_t last = 0, uint64_t created = 10,
                uint64_t ended = 0, uint32_t creator = 1) {
  return {task, creator, created, first, last == 0 ? first : last, ended};
}

LockOrder& add(test::TraceBuilder& b, std::vector<uint64_t> held, uint64_t taken,
               std::vector<OrderWitness> witnesses, HeldSort held_sort = HeldSort::mutex,
               HeldSort taken_sort = HeldSort::mutex) {
  LockOrder order;
  order.lock = {taken, taken_sort, 0};
  for (const uint64_t lock : held) order.held.push_back({lock, held_sort, 0});
  order.witnesses = std::move(witnesses);
  order.stack = b.stack({"take@" + std::to_string(b.trace.stacks.size())});
  b.trace.lock_orders.push_back(order);
  return b.trace.lock_orders.back();
}

size_t found(const test::TraceBuilder& b) {
  return find_lock_orders(b.trace, b.symbols, {}).size();
}

}  // namespace

TEST_CASE("Two threads that take two locks in opposite orders are suspected, with both places") {
  test::TraceBuilder b;
  b.symbols.objects[kA] = "accounts";
  b.symbols.objects[kB] = "journal";
  add(b, {kA}, kB, {by(2)});
  add(b, {kB}, kA, {by(3)});
  const auto findings = find_lock_orders(b.trace, b.symbols, {});
  REQUIRE(findings.size() == 1);
  const Finding& finding = findings[0];
  CHECK(finding.rule == Rule::lock_order);
  CHECK(finding.evidence == Evidence::suspected);
  CHECK(finding.count == 2);
  CHECK(finding.title.find("accounts, journal") != std::string::npos);
  REQUIRE(finding.because.size() == 3);
  CHECK(finding.because[0].find("thread 2") == 0);
  CHECK(finding.because[1].find("take take.cc:2") != std::string::npos);
  CHECK(find_lock_orders(b.trace, b.symbols, {kA}).empty());
}

TEST_CASE("A ring of three locks by three threads is one finding") {
  test::TraceBuilder b;
  add(b, {kA}, kB, {by(2)});
  add(b, {kB}, kC, {by(3)});
  add(b, {kC}, kA, {by(4)});
  CHECK(found(b) == 1);
}

TEST_CASE("One thread alone, a gate, readers, and orders not fully known accuse nobody") {
  test::TraceBuilder same;
  add(same, {kA}, kB, {by(2)});
  add(same, {kB}, kA, {by(2)});
  CHECK(found(same) == 0);
  test::TraceBuilder gate;
  add(gate, {kGate, kA}, kB, {by(2)});
  add(gate, {kGate, kB}, kA, {by(3)});
  CHECK(found(gate) == 0);
  test::TraceBuilder readers;
  add(readers, {kA}, kB, {by(2)}, HeldSort::read);
  add(readers, {kB}, kA, {by(3)}, HeldSort::mutex, HeldSort::read);
  CHECK(found(readers) == 0);
  test::TraceBuilder deep;
  add(deep, {kA}, kB, {by(2)}).complete = false;
  add(deep, {kB}, kA, {by(3)});
  CHECK(found(deep) == 0);
}

TEST_CASE("A gate that only one of them holds is none; a writer and a reader wait for each other") {
  test::TraceBuilder gate;
  add(gate, {kGate, kA}, kB, {by(2)});
  add(gate, {kB}, kA, {by(3)});
  CHECK(found(gate) == 1);
  test::TraceBuilder mixed;
  add(mixed, {kA}, kB, {by(2)}, HeldSort::read);
  add(mixed, {kB}, kA, {by(3)}, HeldSort::mutex, HeldSort::write);
  CHECK(found(mixed) == 1);
}

TEST_CASE("Two locks at one address one after the other are two") {
  test::TraceBuilder b;
  add(b, {kA}, kB, {by(2)}).lock.birth = 1;
  LockOrder& other = add(b, {kB}, kA, {by(3)});
  other.held[0].birth = 2;
  CHECK(found(b) == 0);
  b.trace.lock_orders[1].held[0].birth = 1;
  CHECK(found(b) == 1);
}

TEST_CASE("What was over before the other began was never beside it") {
  // Ended before the other was made.
  test::TraceBuilder apart;
  add(apart, {kA}, kB, {by(2, 20, 20, 10, 30)});
  add(apart, {kB}, kA, {by(3, 60, 60, 40)});
  CHECK(found(apart) == 0);
  // main, before it made the thread, and after that had ended.
  test::TraceBuilder before;
  add(before, {kA}, kB, {by(1, 20, 90, 5, 0, 0)});
  add(before, {kB}, kA, {by(2, 50, 50, 40, 80)});
  CHECK(found(before) == 0);
  // main, while the thread lived.
  test::TraceBuilder beside;
  add(beside, {kA}, kB, {by(1, 20, 60, 5, 0, 0)});
  add(beside, {kB}, kA, {by(2, 50, 50, 40, 80)});
  CHECK(found(beside) == 1);
  // A thread that is no maker of the other may do again what it did.
  test::TraceBuilder worker;
  add(worker, {kA}, kB, {by(2, 20, 20, 10)});
  add(worker, {kB}, kA, {by(3, 50, 50, 40)});
  CHECK(found(worker) == 1);
  // A grandchild of the first, by way of one that is gone and not known.
  test::TraceBuilder unknown;
  add(unknown, {kA}, kB, {by(2, 20, 20, 10)});
  add(unknown, {kB}, kA, {by(9, 50, 50, 40, 0, 7)});
  CHECK(found(unknown) == 0);
}

TEST_CASE("Only what is part of a cycle has to be named") {
  test::TraceBuilder b;
  add(b, {kA}, kB, {by(2)});
  add(b, {kA}, kC, {by(2)});
  add(b, {kB}, kA, {by(3)});
  analyze::keep_suspect_orders(b.trace);
  CHECK(b.trace.lock_orders.size() == 2);
  CHECK(found(b) == 1);
}
