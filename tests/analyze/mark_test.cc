#include "cli/analyze/mark.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <random>
#include <set>

namespace track::analyze {
namespace {

// Blocks with room for words, laid out as asked; memory of one region.
class Heap {
 public:
  explicit Heap(uint64_t address, size_t bytes) : address_(address), words_(bytes / 8, 0) {
    region_ = {address, std::as_bytes(std::span(words_))};
  }
  uint64_t block(uint64_t offset, uint64_t bytes) {
    blocks.push_back({address_ + offset, bytes});
    return address_ + offset;
  }
  uint64_t& at(uint64_t address) { return words_.at((address - address_) / 8); }
  Marker marker() const { return Marker({&region_, 1}, blocks); }
  std::vector<MemoryBlock> blocks;

 private:
  uint64_t address_;
  std::vector<uint64_t> words_;
  MemoryRegion region_;
};

constexpr uint64_t kBase = 0x7f0000200000;

bool reached(const Marker& marker, uint64_t address) {
  const Cell cell = marker.map().find(address);
  return cell != kNoCell && marker.reached(cell);
}

TEST_CASE("an interior or tagged reference reaches the whole block") {
  Heap heap(kBase, 4096);
  const uint64_t a = heap.block(16, 56), b = heap.block(80, 40), c = heap.block(128, 40);
  heap.at(a + 48) = b + 33;  // interior, odd
  heap.at(b) = 7;
  Marker marker = heap.marker();
  marker.mark_word(a + 1, 99);
  marker.finish();
  CHECK(reached(marker, a));
  CHECK(reached(marker, b));
  CHECK(reached(marker, b + 39));
  CHECK_FALSE(reached(marker, c));
  CHECK(marker.referrer(marker.map().find(a)) == 99);
  CHECK(marker.referrer(marker.map().find(b)) == a + 48);
}

TEST_CASE("a reference into a gap reaches nothing") {
  Heap heap(kBase, 4096);
  const uint64_t a = heap.block(16, 40), b = heap.block(256, 40);
  Marker marker = heap.marker();
  for (const uint64_t address : {kBase, a + 48, a + 64, b - 1, b + 48, kBase + 4096, kBase - 1})
    marker.mark_word(address, 1);
  marker.finish();
  CHECK_FALSE(reached(marker, a));
  CHECK_FALSE(reached(marker, b));
  CHECK(marker.map().find(a - 1) == kNoCell);
  CHECK(marker.map().find(a + 40) == marker.map().find(a));  // up to the next multiple of 16
}

TEST_CASE("of lost blocks those count that lead to the others, and one of a circle") {
  Heap heap(kBase, 8192);
  const uint64_t list = heap.block(16, 40), second = heap.block(64, 40),
                 third = heap.block(128, 40), kept = heap.block(256, 40), one = heap.block(512, 40),
                 other = heap.block(640, 40);
  heap.at(list) = second;
  heap.at(second) = third;
  heap.at(third) = kept;
  heap.at(one) = other;
  heap.at(other) = one;
  Marker marker = heap.marker();
  marker.mark_word(kept, 1);
  marker.finish();
  const std::vector<Marker::Loose> loose = marker.loose();
  REQUIRE(loose.size() == 2);
  CHECK(marker.map().at(loose[0].cell).address == list);
  CHECK(loose[0].count == 2);
  CHECK(loose[0].bytes == 80);
  CHECK(marker.map().at(loose[1].cell).address == one);
  CHECK(loose[1].count == 1);
}

TEST_CASE("a cycle nobody refers to stays unreached, and roots may be given later") {
  Heap heap(kBase, 4096);
  const uint64_t a = heap.block(16, 40), b = heap.block(64, 40), c = heap.block(128, 40);
  heap.at(a) = b;
  heap.at(b) = a;
  Marker marker = heap.marker();
  marker.mark_word(c, 1);
  marker.finish();
  CHECK_FALSE(reached(marker, a));
  CHECK(reached(marker, c));
  marker.mark_word(b, 2);
  marker.finish();
  CHECK(reached(marker, a));
}

TEST_CASE("a block is scanned on both sides of memory that was not read") {
  std::vector<uint64_t> low(8, 0), high(8, 0);
  const std::vector<MemoryRegion> regions = {{kBase, std::as_bytes(std::span(low))},
                                             {kBase + 4096, std::as_bytes(std::span(high))}};
  const std::vector<MemoryBlock> blocks = {
      {kBase + 32, 8000}, {kBase + 16384, 40}, {kBase + 32768, 40}, {kBase + 65536, 40}};
  low[3] = blocks[3].address;  // before the block
  low[7] = blocks[1].address;
  high[7] = blocks[2].address;
  Marker marker(regions, blocks);
  marker.mark_word(kBase + 7000, 1);
  marker.finish();
  CHECK(reached(marker, kBase + 32));
  CHECK(reached(marker, blocks[1].address));
  CHECK(reached(marker, blocks[2].address));
  CHECK_FALSE(reached(marker, blocks[3].address));
}

TEST_CASE("roots whose address is odd are read at the words that lie aligned in the target") {
  Heap heap(kBase, 4096);
  const uint64_t a = heap.block(16, 40);
  std::array<std::byte, 20> root{};
  std::memcpy(root.data() + 5, &a, 8);
  Marker marker = heap.marker();
  marker.mark_from(root, 0x1002);
  marker.finish();
  CHECK_FALSE(reached(marker, a));
  marker.mark_from(root, 0x1003);
  marker.finish();
  CHECK(reached(marker, a));
  CHECK(marker.referrer(marker.map().find(a)) == 0x1008);
}

TEST_CASE("blocks larger than the map's chunks are found from any of their bytes") {
  constexpr uint64_t kLarge = 9 << 20;
  const std::vector<MemoryBlock> blocks = {
      {0x555500000010, 24}, {0x5555000ffff0, kLarge}, {0x7fff00000000, 4096}};
  const BlockMap map(blocks);
  CHECK(map.left_out() == 0);
  for (uint64_t at = blocks[1].address; at < blocks[1].end(); at += 4099)
    REQUIRE(map.at(map.find(at)).address == blocks[1].address);
  CHECK(map.find(blocks[1].end() + 16) == kNoCell);
  CHECK(map.at(map.find(0x7fff00000fff)).address == 0x7fff00000000);
  CHECK(map.find(0x7fff00001000) == kNoCell);
  CHECK(map.find(~uint64_t{0}) == kNoCell);
  CHECK(map.find(0) == kNoCell);
}

TEST_CASE("blocks that cannot be are left out and counted") {
  const std::vector<MemoryBlock> blocks = {
      {kBase + 8, 24},  {kBase + 16, 0},  {kBase + 32, 64},     {kBase + 80, 16},
      {kBase + 96, 16}, {kBase + 48, 16}, {kBase + 112, ~0ull}, {uint64_t{1} << 47, 16}};
  const BlockMap map(blocks);
  CHECK(map.left_out() == 6);
  CHECK(map.find(kBase + 16) == kNoCell);
  CHECK(map.at(map.find(kBase + 95)).address == kBase + 32);
  CHECK(map.at(map.find(kBase + 96)).address == kBase + 96);
  CHECK(BlockMap({}).find(kBase) == kNoCell);
}

TEST_CASE("marking reaches what a plain search reaches") {
  std::mt19937_64 random(11);
  for (int round = 0; round < 40; ++round) {
    Heap heap(kBase - 4096 * (random() % 4), size_t{1} << 20);
    uint64_t offset = 0;
    const uint64_t longest = round % 5 == 0 ? 3000 : 20;
    while (offset + 16 * longest + 64 < size_t{1} << 20 && heap.blocks.size() < 4000) {
      const uint64_t chunk = 16 * (2 + random() % longest);
      heap.block(offset, chunk - 8);
      offset += chunk + (random() % 4 == 0 ? 16 * (random() % 300) : 0);
    }
    const auto any = [&] {
      const MemoryBlock& block = heap.blocks[random() % heap.blocks.size()];
      return block.address + random() % block.bytes;
    };
    const double density = round % 2 == 0 ? 0.02 : 0.2;
    for (const MemoryBlock& block : heap.blocks)
      for (uint64_t at = block.address; at + 8 <= block.end(); at += 8)
        heap.at(at) = static_cast<double>(random() % 1000) < density * 1000 ? any() : random() % 9;

    Marker marker = heap.marker();
    std::set<uint64_t> expected;
    std::deque<uint64_t> todo;
    const auto visit = [&](uint64_t address) {
      const auto after = std::upper_bound(
          heap.blocks.begin(), heap.blocks.end(), address,
          [](uint64_t value, const MemoryBlock& block) { return value < block.address; });
      if (after == heap.blocks.begin()) return;
      const MemoryBlock& block = *(after - 1);
      if (address < (block.end() + 15) / 16 * 16 && expected.insert(block.address).second)
        todo.push_back(block.address);
    };
    for (int root = 0; root < 1 + round % 3; ++root) {
      const uint64_t address = any();
      visit(address);
      marker.mark_word(address, 1);
    }
    marker.finish();
    while (!todo.empty()) {
      const auto block =
          std::find_if(heap.blocks.begin(), heap.blocks.end(),
                       [&](const MemoryBlock& b) { return b.address == todo.front(); });
      todo.pop_front();
      for (uint64_t at = block->address; at + 8 <= block->end(); at += 8) visit(heap.at(at));
    }
    for (const MemoryBlock& block : heap.blocks)
      REQUIRE(reached(marker, block.address) == (expected.count(block.address) != 0));
  }
}

TEST_CASE("what a group alone keeps leaves out what is reached and what others keep too") {
  Heap heap(kBase, 4096);
  const uint64_t a = heap.block(0, 104), b = heap.block(128, 40), own = heap.block(192, 24),
                 shared = heap.block(224, 24), below_shared = heap.block(256, 24),
                 live = heap.block(288, 24);
  heap.at(a) = own;
  heap.at(a + 8) = shared;
  heap.at(a + 16) = live;
  heap.at(own) = a;
  heap.at(b) = shared;
  heap.at(shared) = below_shared;
  Marker marker = heap.marker();
  marker.mark_word(live, 1);
  marker.finish();
  const auto cell = [&](uint64_t address) { return marker.map().find(address); };
  const std::vector<std::vector<Cell>> groups = {{cell(a)}, {cell(b)}, {cell(live)}};
  CHECK(marker.held_only_by(groups) == std::vector<uint64_t>{104 + 24, 40, 0});
}

}  // namespace
}  // namespace track::analyze
