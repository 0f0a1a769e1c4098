// A pool of four places and what refers to them: arrays of this very process.
#include "cli/process/stale_frames.h"

#include <doctest/doctest.h>

#include <array>

using namespace track;

namespace {

struct Pool {
  static constexpr size_t kPlace = 8;  // words
  std::array<uint64_t, 4 * kPlace> places{};
  std::array<uint64_t, 8> elsewhere{};
  Trace trace;
  ProcessImage image;

  uint64_t place(size_t nth) const {
    return reinterpret_cast<uint64_t>(places.data() + nth * kPlace);
  }
  Coroutine& add_frame(size_t nth) {
    Coroutine coroutine;
    coroutine.address = place(nth);
    coroutine.size_bytes = kPlace * 8;
    coroutine.inside = true;
    coroutine.state = TaskState::suspended;
    trace.coroutines.push_back(coroutine);
    return trace.coroutines.back();
  }
  size_t left() {
    std::array<MemoryRegion, 2> regions = {
        MemoryRegion{place(0), std::as_bytes(std::span(places))},
        MemoryRegion{reinterpret_cast<uint64_t>(elsewhere.data()),
                     std::as_bytes(std::span(elsewhere))}};
    if (regions[1].address < regions[0].address) std::swap(regions[0], regions[1]);
    process::drop_stale(trace, image, regions);
    return trace.coroutines.size();
  }
};

}  // namespace

TEST_CASE("a frame in a pool that nothing refers to is what is left of one that is gone") {
  Pool pool;
  pool.add_frame(0);
  pool.places[2] = pool.place(0);  // its own words do not count
  CHECK(pool.left() == 0);
}

TEST_CASE("one that something refers to is in use, and so is what its frame refers to") {
  Pool pool;
  pool.add_frame(0);
  pool.add_frame(1);
  pool.add_frame(2);
  pool.elsewhere[3] = pool.place(1) + 24;
  pool.places[Pool::kPlace + 5] = pool.place(2);
  CHECK(pool.left() == 2);
  CHECK(pool.trace.coroutines[0].address == pool.place(1));
  CHECK(pool.trace.coroutines[1].address == pool.place(2));
}

TEST_CASE("one whose own words say that it was not destroyed needs no reference") {
  Pool pool;
  pool.add_frame(3).in_use = true;
  CHECK(pool.left() == 1);
}

TEST_CASE("a list of free places is no reference: it names such as hold no frame, too") {
  Pool pool;
  pool.add_frame(1);
  pool.elsewhere[2] = pool.place(1);
  SUBCASE("beside a free place") {
    pool.elsewhere[3] = pool.place(2);
    CHECK(pool.left() == 0);
  }
  SUBCASE("alone") {
    CHECK(pool.left() == 1);
  }
}

TEST_CASE("one that was elided into a frame is there as long as that is, referred to or not") {
  Pool pool;
  Coroutine& outer = pool.add_frame(0);
  outer.inside = false;
  outer.size_bytes = 2 * Pool::kPlace * 8;
  outer.destroy = 0x1000;
  pool.add_frame(1).destroy = 0x2000;
  SUBCASE("suspended") {
    CHECK(pool.left() == 2);
  }
  SUBCASE("finished: its awaiter has gone on") {
    pool.trace.coroutines[1].state = TaskState::done;
    CHECK(pool.left() == 1);
  }
}

TEST_CASE("a frame at the head of a pool's block needs a reference as the others do") {
  Pool pool;
  Coroutine& first = pool.add_frame(0);
  first.inside = false;
  first.size_bytes = sizeof pool.places;
  first.destroy = 0x1000;
  pool.add_frame(1).destroy = 0x1000;
  pool.elsewhere[3] = pool.place(1) + 24;
  REQUIRE(pool.left() == 1);
  CHECK(pool.trace.coroutines[0].address == pool.place(1));
}

TEST_CASE("on a thread's stack only a reference to a frame's head counts") {
  Pool pool;
  Mapping mapping;
  mapping.start = pool.place(0);
  mapping.end = pool.place(4);
  mapping.path = "[stack]";
  pool.image.mappings.push_back(mapping);
  ImageThread thread;
  thread.has_registers = true;
  thread.registers[Registers::rsp] = pool.place(0);
  pool.image.threads.push_back(thread);
  pool.add_frame(1);
  SUBCASE("its head") {
    pool.elsewhere[3] = pool.place(1);
    CHECK(pool.left() == 1);
  }
  SUBCASE("what may be other words of the stack") {
    pool.elsewhere[3] = pool.place(1) + 40;
    CHECK(pool.left() == 0);
  }
}

TEST_CASE("what lies below a stack pointer is gone, whatever its words and registers say") {
  Pool pool;
  Mapping mapping;
  mapping.start = pool.place(0);
  mapping.end = pool.place(4);
  mapping.path = "[stack]";
  pool.image.mappings.push_back(mapping);
  ImageThread thread;
  thread.tid = 7;
  thread.has_registers = true;
  thread.registers[Registers::rsp] = pool.place(3);
  thread.registers[Registers::rax] = pool.place(0);
  Coroutine& frame = pool.add_frame(0);
  SUBCASE("one that looks used") {
    pool.image.threads.push_back(thread);
    frame.in_use = true;
    CHECK(pool.left() == 0);
  }
  SUBCASE("one that a register refers to") {
    pool.image.threads.push_back(thread);
    CHECK(pool.left() == 0);
  }
  SUBCASE("nor is one of the function that has returned to end the process") {
    thread.registers[Registers::rsp] = pool.place(0);
    pool.image.pid = 7;
    SUBCASE("asleep") {}
    SUBCASE("or on a CPU") {
      thread.has_registers = false;
      pool.elsewhere[3] = pool.place(0);
    }
    pool.image.threads.push_back(thread);
    CHECK(pool.left() == 1);
    pool.trace.threads.resize(1);
    pool.trace.threads[0].tid = 7;
    pool.trace.threads[0].id = pool.trace.exit_task = 1;
    pool.trace.end = ProcessEnd::main_returned;
    CHECK(pool.left() == 0);
  }
}

TEST_CASE("in another allocator's memory they are left out, which is said") {
  Pool pool;
  Mapping mapping;
  mapping.start = pool.place(0) & ~uint64_t{0xfff};
  mapping.end = (pool.place(4) | 0xfff) + 1;
  mapping.readable = mapping.writable = true;
  pool.image.mappings.push_back(mapping);
  pool.elsewhere[3] = pool.place(1) + 24;
  SUBCASE("only where there are any") {
    pool.add_frame(1).in_use = true;
    CHECK(pool.left() == 1);
    CHECK(pool.trace.not_visible.empty());
  }
  SUBCASE("with their number") {
    pool.add_frame(1);
    pool.add_frame(2);
    CHECK(pool.left() == 0);
    REQUIRE(pool.trace.not_visible.size() == 1);
    CHECK(pool.trace.not_visible[0].starts_with("2 coroutine frames inside of larger blocks"));
  }
}
