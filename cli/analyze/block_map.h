// From any address to the block that contains it, in two cache lines: what marking asks some
// hundred million times. Blocks and the gaps between them are cells, numbered by address.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "cli/analyze/huge_pages.h"
#include "cli/model/memory.h"

namespace track::analyze {

using Cell = uint32_t;
inline constexpr Cell kNoCell = ~Cell{0};

class BlockMap {
 public:
  static constexpr unsigned kGranuleShift = 4;  // what two blocks cannot share: 16 bytes
  static constexpr unsigned kPageShift = 11;
  static constexpr unsigned kChunkShift = 21;
  static constexpr uint32_t kPagesPerChunk = 1u << (kChunkShift - kPageShift);

  // 2 KiB of addresses: where cells start, and the number of the cell before the first of them.
  struct alignas(32) Page {
    uint64_t starts[2] = {0, 0};
    uint32_t before[2] = {0, 0};  // cells that start before each half, less one
  };

  // blocks: sorted by address. Those that are not aligned, empty, beyond the user's half of the
  // address space, or that overlap an earlier one, are left out and counted.
  explicit BlockMap(std::span<const MemoryBlock> blocks);

  size_t cells() const { return cells_.size(); }
  const MemoryBlock& at(Cell cell) const { return cells_[cell]; }
  bool is_block(Cell cell) const { return cells_[cell].bytes != 0; }  // else a gap
  uint64_t left_out() const { return left_out_; }

  // The block that contains the address; kNoCell = none. The bytes up to the next multiple of 16
  // count as the block's.
  Cell find(uint64_t address) const;
  // Two ranges outside of which there is no block: [first, second).
  const std::pair<uint64_t, uint64_t>* ranges() const { return ranges_; }

  // Page number of an address, ~0u = no block near.
  uint32_t page_of(uint64_t address) const {
    if (address >> 47 != 0) return ~0u;
    const uint32_t leaf = roots_[address >> kRootShift];
    const uint32_t chunk = leaves_[leaf + (address >> kChunkShift & (kLeaf - 1))];
    if (chunk == 0) return ~0u;
    return (chunk - 1) * kPagesPerChunk +
           static_cast<uint32_t>(address >> kPageShift & (kPagesPerChunk - 1));
  }
  static uint32_t granule_of(uint64_t address) {
    return static_cast<uint32_t>(address >> kGranuleShift & 127);
  }
  const Page& page(uint32_t number) const { return pages_[number]; }
  // The cell, block or gap, that covers a granule.
  static Cell cell_in(const Page& page, uint32_t granule) {
    const uint32_t half = granule >> 6;
    const uint64_t upto = page.starts[half] & (~uint64_t{0} >> (63 - (granule & 63)));
    return page.before[half] + static_cast<uint32_t>(__builtin_popcountll(upto));
  }

 private:
  static constexpr unsigned kRootShift = 33;
  static constexpr uint32_t kLeaf = 1u << (kRootShift - kChunkShift);

  void add_chunks(uint64_t from, uint64_t to);
  void add_cell(uint64_t address, uint64_t bytes);
  void close_run();
  void number_pages();
  void find_ranges();

  HugeVector<MemoryBlock> cells_;
  std::vector<uint32_t> roots_;       // address >> 33 -> first entry of its leaf; 0 = empty leaf
  std::vector<uint32_t> leaves_;      // chunk number + 1; 0 = no block there
  std::vector<uint64_t> chunk_base_;  // by chunk number
  HugeVector<Page> pages_;
  std::pair<uint64_t, uint64_t> ranges_[2];
  uint64_t left_out_ = 0;
};

}  // namespace track::analyze
