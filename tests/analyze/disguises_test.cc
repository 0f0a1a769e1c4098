#include "cli/analyze/disguises.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "cli/analyze/mark.h"
#include "cli/analyze/xor_links.h"

namespace track::analyze {
namespace {

constexpr uint64_t kBlocks = 0x7f3a5c200000, kRoots = 0x55d012345000, kGuard = 0x1234567890abcdef;

// Blocks of 40 bytes that nobody refers to, and memory elsewhere that may.
struct Scene {
  explicit Scene(size_t words) : words(words, 0) {
    for (uint64_t i = 0; i < 64; ++i) blocks.push_back({kBlocks + 48 * i + (i << 16), 40});
  }
  std::vector<Disguised> found() const {
    const BlockMap map(blocks);
    std::vector<Cell> sought;
    for (Cell cell = 0; cell < map.cells(); ++cell)
      if (map.is_block(cell)) sought.push_back(cell);
    Disguises disguises(map, sought, kGuard);
    disguises.search(std::as_bytes(std::span(words)), kRoots);
    std::vector<Disguised> result = disguises.found();
    for (Disguised& one : result)
      one.to = static_cast<Cell>((map.at(one.to).address - kBlocks) >> 16);
    return result;
  }
  uint64_t address(uint64_t block) const { return blocks[block].address; }
  std::vector<MemoryBlock> blocks;
  std::vector<uint64_t> words;
};

bool finds(const std::vector<Disguised>& found, uint64_t at, uint64_t block) {
  return std::any_of(found.begin(), found.end(),
                     [&](const Disguised& one) { return one.at == at && one.to == block; });
}

TEST_CASE("every disguise is seen, wherever it stands, and leads to its own block") {
  // Short ends are looked at word by word, what is in the middle many at once.
  for (const size_t size : {size_t{4}, size_t{40}})
    for (size_t at = 0; at < std::min<size_t>(size, 20); ++at)
      for (uint64_t block : {uint64_t{1}, uint64_t{13}, uint64_t{63}}) {
        const auto sees = [&](uint64_t word) {
          Scene scene(size);
          scene.words[at] = word;
          return finds(scene.found(), kRoots + 8 * at, block);
        };
        const uint64_t to = Scene(0).address(block);
        CAPTURE(size);
        CAPTURE(at);
        CHECK(sees((to + 33) | uint64_t{0xfe01} << 48));
        CHECK(sees(~(to + 5)));
        CHECK(sees(__builtin_bswap64(to + 9)));
        const uint64_t mixed = (to + 8) ^ kGuard;
        CHECK(sees(mixed << 17 | mixed >> 47));
        CHECK(sees(to >> 4 | uint64_t{3} << 60));
        CHECK(sees(to >> 3 | uint64_t{1} << 63));
        CHECK(sees(to << 1 | 1));
        CHECK(sees(to - (kRoots + 8 * at)));
        CHECK(sees(static_cast<uint32_t>(to)));
        CHECK(sees(uint64_t{static_cast<uint32_t>(to)} << 32));
      }
}

TEST_CASE("an address may begin at any byte") {
  for (size_t byte = 1; byte < 8 * 38; ++byte) {
    if (byte % 8 == 0) continue;
    Scene scene(40);
    const uint64_t word = scene.address(7) + 3;
    std::memcpy(reinterpret_cast<char*>(scene.words.data()) + byte, &word, sizeof word);
    CHECK(finds(scene.found(), kRoots + byte, 7));
  }
}

TEST_CASE("many words at once are told as each alone is") {
  std::mt19937_64 random(11);
  for (const uint64_t low_block : {uint64_t{0}, uint64_t{0x55d098765000}}) {
    std::vector<MemoryBlock> blocks;
    if (low_block != 0)
      for (uint64_t i = 0; i < 32; ++i) blocks.push_back({low_block + 64 * i + (i << 14), 40});
    for (uint64_t i = 0; i < 64; ++i)
      blocks.push_back({kBlocks + 48 * i + (i << 16), 40 + 4096 * (i % 3)});
    const BlockMap map(blocks);
    std::vector<Cell> sought;
    for (Cell cell = 0; cell < map.cells(); ++cell)
      if (map.is_block(cell) && random() % 2 == 0) sought.push_back(cell);
    std::vector<uint64_t> words(4096);
    for (uint64_t i = 0; i < words.size(); ++i) {
      const uint64_t to = blocks[random() % blocks.size()].address + random() % 3 * 8;
      const uint64_t forms[] = {0,
                                random(),
                                random() & 0xffffff,
                                to,
                                to,
                                ~to,
                                to | random() << 47,
                                __builtin_bswap64(to),
                                to >> 3,
                                to >> 4,
                                to << 1,
                                to << 8,
                                to << 24,
                                to - (kBlocks + 8 * i),
                                uint64_t{uint32_t(to)},
                                to << 32 | 5,
                                (to ^ kGuard) << 17 | (to ^ kGuard) >> 47};
      words[i] = forms[random() % std::size(forms)];
    }
    // Near what is sought, so that distances lead there too.
    const std::span<const std::byte> bytes = std::as_bytes(std::span(words));
    const auto in_order = [](std::vector<Disguised> found) {
      std::vector<std::pair<uint64_t, Cell>> result;
      for (const Disguised& one : found) result.emplace_back(one.at, one.to);
      std::sort(result.begin(), result.end());
      result.erase(std::unique(result.begin(), result.end()), result.end());
      return result;
    };
    Disguises many(map, sought, kGuard), single(map, sought, kGuard);
    many.search(bytes, kBlocks);
    for (size_t i = 0; i + 8 <= bytes.size(); ++i) single.search(bytes.subspan(i, 8), kBlocks + i);
    CHECK(in_order(single.found()).size() > 500);
    CHECK(in_order(many.found()) == in_order(single.found()));
  }
}

TEST_CASE("plain addresses are left to marking, and numbers are nothing") {
  Scene scene(4096);
  std::mt19937_64 random(3);
  for (size_t i = 0; i < scene.words.size(); ++i)
    scene.words[i] = i % 3 == 0 ? scene.address(random() % 64) : i % 3 == 1 ? random() % 4096 : 0;
  CHECK(scene.found().empty());
}

TEST_CASE("words of registers are told by the name they were given") {
  const Scene scene(0);
  const BlockMap map(scene.blocks);
  const Cell cell = map.find(scene.address(5));
  Disguises disguises(map, {&cell, 1}, 0);
  const uint64_t words[] = {0, ~scene.address(5), 7};
  disguises.search_words(words, 4711);
  REQUIRE(disguises.found().size() == 1);
  CHECK(disguises.found().front().at == 4711);
  CHECK(disguises.found().front().to == cell);
}

TEST_CASE("a list of xor links is followed from either end to the other") {
  for (const bool backwards : {false, true}) {
    constexpr size_t kNodes = 100;
    std::vector<uint64_t> words(8192, 0);
    std::vector<MemoryBlock> blocks;
    for (uint64_t i = 0; i < kNodes; ++i)
      blocks.push_back({kBlocks + 64 * ((i * 37) % kNodes), 40});
    const std::vector<MemoryBlock> nodes = blocks;
    std::sort(blocks.begin(), blocks.end(),
              [](const MemoryBlock& a, const MemoryBlock& b) { return a.address < b.address; });
    constexpr uint64_t kHook = 16;  // where in a node others point to
    const auto name = [&](size_t node) { return nodes[node].address + kHook; };
    for (size_t i = 0; i < kNodes; ++i)
      words[(name(i) - kBlocks) / 8 + 1] =
          (i > 0 ? name(i - 1) : 0) ^ (i + 1 < kNodes ? name(i + 1) : 0);
    const MemoryRegion region{kBlocks, std::as_bytes(std::span(words))};
    Marker marker({&region, 1}, blocks);
    // The first one's link is plain; who refers to it stands in a node as well.
    marker.mark_word(name(backwards ? kNodes - 1 : 0), 1);
    marker.finish();
    XorLinks links(marker);
    CHECK(links.follow());
    for (const MemoryBlock& node : nodes) CHECK(marker.reached(marker.map().find(node.address)));
    CHECK_FALSE(links.follow());
  }
}

}  // namespace
}  // namespace track::analyze
