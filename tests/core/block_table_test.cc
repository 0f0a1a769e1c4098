#include "libtrack/core/block_table.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "tests/support/open_recording.h"

using namespace track;
using test::in_child;

namespace {

bool start() {
  return test::start_recording("alloc=exact") && core::start_block_table();
}

wire::CellBlock find(uint64_t address) {
  const std::atomic<uint64_t>* cell = core::find_cell(address);
  return cell == nullptr ? wire::CellBlock{}
                         : wire::block_of_cell(cell->load(), (address & 8) != 0 ? 1 : 0);
}
bool holds(uint64_t address, uint64_t bytes, uint32_t stack) {
  const wire::CellBlock block = find(address);
  return block.there && !block.moving && block.bytes == bytes && block.stack == stack;
}

constexpr uint64_t kHeap = 0x555500000000, kArena = 0x7f0000000000;

}  // namespace

TEST_CASE("A cell holds every size and stack; what is no block is none") {
  for (const uint64_t bytes : {uint64_t{0}, uint64_t{1}, uint64_t{8}, uint64_t{63}, uint64_t{64},
                               uint64_t{4097}, wire::kLargestBlock})
    for (const uint32_t stack : {0u, 1u, wire::kBlockStackMask}) {
      const wire::CellBlock whole = wire::block_of_cell(wire::whole_cell(bytes, stack), 0);
      CHECK(whole.there);
      CHECK_FALSE(whole.moving);
      CHECK(whole.bytes == bytes);
      CHECK(whole.stack == stack);
      CHECK_FALSE(wire::block_of_cell(wire::whole_cell(bytes, stack), 1).there);
    }
  CHECK(wire::block_of_cell(wire::whole_cell(~uint64_t{0}, 1), 0).bytes == wire::kLargestBlock);
  CHECK_FALSE(wire::block_of_cell(0, 0).there);
  // The upper half of a whole cell that was left behind.
  CHECK_FALSE(wire::block_of_cell(wire::whole_cell(1 << 20, 5) >> 32 << 32, 0).there);
}

TEST_CASE("A block is in the table until it is cleared") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          TRACK_EXPECT(!find(kHeap).there);
          core::clear_block(kHeap);  // freed, but never seen
          core::clear_block(0);
          core::clear_block(~uint64_t{15});
          core::set_block(kHeap, 100, 7);
          core::set_block(kArena + 16, 0, 8);
          core::set_block(kHeap + 112, uint64_t{5} << 30, 9);
          TRACK_EXPECT(holds(kHeap, 100, 7));
          TRACK_EXPECT(holds(kArena + 16, 0, 8));
          TRACK_EXPECT(holds(kHeap + 112, uint64_t{5} << 30, 9));
          core::set_block(kHeap, 33, 1);
          TRACK_EXPECT(holds(kHeap, 33, 1));
          core::clear_block(kHeap);
          core::clear_block(kArena + 16);
          TRACK_EXPECT(!find(kHeap).there);
          TRACK_EXPECT(!find(kArena + 16).there);
          TRACK_EXPECT(holds(kHeap + 112, uint64_t{5} << 30, 9));
          return 0;
        }) == 0);
}

TEST_CASE("Two blocks of eight bytes share sixteen") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          core::set_block(kHeap, 8, 1);
          core::set_block(kHeap + 8, 3, 2);
          TRACK_EXPECT(holds(kHeap, 8, 1));
          TRACK_EXPECT(holds(kHeap + 8, 3, 2));
          core::clear_block(kHeap);
          TRACK_EXPECT(!find(kHeap).there);
          TRACK_EXPECT(holds(kHeap + 8, 3, 2));
          core::clear_block(kHeap + 8);
          core::set_block(kHeap, 1 << 20, 3);
          TRACK_EXPECT(holds(kHeap, 1 << 20, 3));
          TRACK_EXPECT(!find(kHeap + 8).there);
          return 0;
        }) == 0);
}

TEST_CASE("What cannot be entered is counted, and nothing else is harmed") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          core::set_block(kHeap, 40, 1);
          core::set_block(kHeap + 4, 8, 1);   // not a multiple of 8
          core::set_block(kHeap + 8, 24, 1);  // 16 bytes would not tell it from its neighbour
          core::set_block(uint64_t{1} << 50, 8, 1);  // no address of a program
          TRACK_EXPECT(core::lost().blocks.load() == 3);
          TRACK_EXPECT(holds(kHeap, 40, 1));
          return 0;
        }) == 0);
}

TEST_CASE("Too many regions are counted, not entered") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          for (uint64_t i = 0; i < wire::kMostBlockRegions + 8; ++i)
            core::set_block(kHeap + (i << wire::kBlockRegionShift), 32, 1);
          TRACK_EXPECT(core::lost().blocks.load() == 9);  // leaf 0 is never used
          TRACK_EXPECT(holds(kHeap, 32, 1));
          return 0;
        }) == 0);
}

TEST_CASE("A block that is resized stays in the table, and gives its place to nobody's harm") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          core::set_block(kHeap, 100, 7);
          // Failed.
          core::MovingBlock moving = core::begin_move(kHeap, 42);
          TRACK_EXPECT(find(kHeap).there);
          TRACK_EXPECT(find(kHeap).moving);
          TRACK_EXPECT(find(kHeap).bytes == 100);
          core::move_failed(moving, 42);
          TRACK_EXPECT(holds(kHeap, 100, 7));
          // In place, and then too small for a whole cell.
          moving = core::begin_move(kHeap, 42);
          core::move_stayed(moving, 90, 8);
          TRACK_EXPECT(holds(kHeap, 90, 8));
          moving = core::begin_move(kHeap, 42);
          core::move_stayed(moving, 8, 9);
          TRACK_EXPECT(holds(kHeap, 8, 9));
          core::clear_block(kHeap);
          TRACK_EXPECT(core::find_cell(kHeap)->load() == 0);
          // Away.
          core::set_block(kHeap, 100, 7);
          moving = core::begin_move(kHeap, 42);
          core::move_left(moving, 42);
          TRACK_EXPECT(!find(kHeap).there);
          // Away, and another thread has the place before this one says so.
          core::set_block(kHeap, 100, 7);
          moving = core::begin_move(kHeap, 42);
          core::set_block(kHeap, 100, 7);
          core::move_left(moving, 42);
          TRACK_EXPECT(holds(kHeap, 100, 7));
          // Halves of a cell do the same.
          core::set_block(kHeap + 32, 8, 1);
          core::set_block(kHeap + 40, 8, 2);
          moving = core::begin_move(kHeap + 40, 42);
          TRACK_EXPECT(find(kHeap + 40).moving);
          core::move_left(moving, 42);
          TRACK_EXPECT(!find(kHeap + 40).there);
          TRACK_EXPECT(holds(kHeap + 32, 8, 1));
          // Never seen.
          moving = core::begin_move(kHeap + 4096, 42);
          TRACK_EXPECT(moving.address == 0);
          core::move_left(moving, 42);
          return 0;
        }) == 0);
}

TEST_CASE("Threads that enter blocks of one new region at once lose none") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          constexpr uint64_t kEach = 4000;
          std::vector<std::thread> threads;
          for (uint64_t t = 0; t < 4; ++t)
            threads.emplace_back([t] {
              for (uint64_t i = 0; i < kEach; ++i)
                core::set_block(kArena + (i * 4 + t) * 4096 * 7 / 16 * 16, 24 + t,
                                static_cast<uint32_t>(i + 1));
            });
          for (std::thread& thread : threads) thread.join();
          for (uint64_t t = 0; t < 4; ++t)
            for (uint64_t i = 0; i < kEach; ++i)
              TRACK_EXPECT(holds(kArena + (i * 4 + t) * 4096 * 7 / 16 * 16, 24 + t,
                                 static_cast<uint32_t>(i + 1)));
          TRACK_EXPECT(core::lost().blocks.load() == 0);
          return 0;
        }) == 0);
}
