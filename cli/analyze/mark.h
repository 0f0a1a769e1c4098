// Which blocks can be reached. Conservative: every aligned word of what is scanned counts as a
// reference to the block it points into, wherever into it, whatever its low bits; so it may call a
// block reached that is not, and never the other way round.
//
// Roots are given one after the other and may be given later too: reached() grows, and is exact
// (a closure) after each finish(). About a second a GiB of small blocks, one core; memory needed
// beside the copy: 21 bytes a block and 1.6 % of what the blocks span. One thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cli/analyze/block_map.h"
#include "cli/model/memory.h"

namespace track::analyze {

class Marker {
 public:
  // regions: sorted by address, must outlive the marker; blocks: see BlockMap.
  Marker(std::span<const MemoryRegion> regions, std::span<const MemoryBlock> blocks);

  // Everything these bytes refer to is reached. address: where they were in the target.
  void mark_from(std::span<const std::byte> bytes, uint64_t address);
  // One word that lives in no memory; referrer: what path() is to say of it.
  void mark_word(uint64_t value, uint64_t referrer);
  void mark_block(Cell cell, uint64_t referrer);
  void finish();

  const BlockMap& map() const { return map_; }
  bool reached(Cell cell) const { return bits_[cell >> 6].marked >> (cell & 63) & 1; }
  // Blocks that are not reached, in order.
  std::vector<Cell> unreached() const;
  // Where the word was that reached it first; 0 = it is not reached. Looks through a small block.
  uint64_t referrer(Cell cell) const;
  // The block where that word is; kNoCell = it is in none.
  Cell referring_cell(Cell cell) const;

  // A block that is not looked through, whoever refers to it, until include(); it counts as
  // reached for that long. For blocks that were not reached yet.
  void exclude(Cell cell) { bits_[cell >> 6].marked |= uint64_t{1} << (cell & 63); }
  void include(Cell cell) { bits_[cell >> 6].marked &= ~(uint64_t{1} << (cell & 63)); }
  // Blocks that no word of a block points to, of those that are not reached; where unreached blocks
  // only refer to each other in a circle, one of them. With what hangs on each alone or with
  // others.
  struct Loose {
    Cell cell = 0;
    uint64_t count = 0, bytes = 0;  // of what it leads to and no earlier one did
  };
  std::vector<Loose> loose() const;
  // The bytes of a block as far as they were read in one piece.
  std::span<const std::byte> bytes_of(Cell cell) const;

  // For each group of blocks: how much memory the group alone keeps: not reached, and reachable
  // from no other group. The group's own blocks count.
  std::vector<uint64_t> held_only_by(std::span<const std::vector<Cell>> groups) const;

 private:
  template <typename Visit>
  void each_reference(Cell cell, Visit visit) const;

  struct Bits {  // of 64 cells, beside each other: both are asked for at once
    uint64_t marked = 0, pending = 0;
  };
  // Who reached a cell first: a cell plus one, or a place in words_.
  static constexpr uint32_t kWord = uint32_t{1} << 31;

  // The inner loops' own: see mark.cc. Their bodies are compiled twice, for processors with AVX2
  // and POPCNT, and for any.
  struct Hot;
  struct Piece;
  struct Ahead;
  void scan(std::span<const std::byte> bytes, uint64_t address);
  void sweep();
  void scan_with_avx2(std::span<const std::byte> bytes, uint64_t address);
  void sweep_with_avx2();
  void fetch_cells(Cell first) const;
  void add(Ahead& ahead, Cell cell) const;
  void look_through(Hot& hot, Piece& piece) const;
  void scan_plain(std::span<const std::byte> bytes, uint64_t address);
  void sweep_plain();
  // The bytes from `at` on that lie in one region, at most up to `end`; moves `at` to where they
  // start. Empty: there are none.
  std::span<const std::byte> bytes_from(uint64_t& at, uint64_t end) const;
  std::span<const MemoryRegion> regions_;
  BlockMap map_;
  HugeVector<Bits> bits_;
  HugeVector<uint32_t> waiting_;    // pending cells of each group of cells
  HugeVector<uint32_t> referrers_;  // by cell; 0 = nobody
  std::vector<uint64_t> words_;     // where words were that are in no small block
  uint64_t waiting_total_ = 0;
  mutable size_t last_region_ = 0;
  bool avx2_ = false;
};

}  // namespace track::analyze
