// References that are no plain aligned addresses: with something in their upper 17 bits, at any
// byte, in the order of the network, complemented, shifted by a few bits, as the distance from
// where they stand, as the lower half of an address, and as libc hides code and stack addresses.
//
// Memory is searched once, from end to end, for certain blocks only: whatever leads to none of them
// is dropped at once. A third of a second a GiB. A match may be an accident: then a block counts as
// referred to that is not.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "cli/analyze/block_map.h"

namespace track::analyze {

struct Disguised {
  uint64_t at = 0;  // where it stands
  Cell to = 0;
};

class Disguises {
 public:
  // sought: cells of blocks, in order. guard: the process's own, 0 = unknown.
  Disguises(const BlockMap& map, std::span<const Cell> sought, uint64_t guard);

  // address: where the bytes were.
  void search(std::span<const std::byte> bytes, uint64_t address);
  // Words that lie in no memory; `name` stands for their place.
  void search_words(std::span<const uint64_t> words, uint64_t name);
  const std::vector<Disguised>& found() const { return found_; }

 private:
  struct Pattern {  // of the two highest bytes of an address: bits 32 to 46
    uint8_t low, low_mask, high;
  };
  struct Low {
    uint32_t half;
    Cell cell;
  };
  void find_patterns();
  void search_plain(std::span<const std::byte> bytes, uint64_t address);
  void search_with_avx2(std::span<const std::byte> bytes, uint64_t address);
  void search_bytes(const std::byte* at, uint64_t address);
  void search_lanes(const std::byte* at, uint64_t address, uint32_t hits);
  void search_here(const std::byte* at, size_t readable, uint64_t address);
  void try_any(uint64_t value, uint64_t at);
  void try_start(uint64_t value, uint64_t at);
  void try_half(uint32_t half, uint64_t at);
  void try_word(uint64_t word, uint64_t at);

  bool maybe(uint64_t address) const {
    const uint64_t page = address >> 12 & (kPages - 1);
    return pages_[page >> 6] >> (page & 63) & 1;
  }

  static constexpr uint64_t kPages = 1 << 15;
  const BlockMap& map_;
  uint64_t guard_;
  std::vector<uint64_t> sought_;  // bit per cell
  std::vector<uint64_t> pages_;   // bit per page, some share one
  std::vector<uint64_t> halves_;  // bit per possible lower half, some share one
  std::vector<Low> lows_;         // sorted; empty when there are too many
  std::vector<Pattern> patterns_;
  std::pair<uint64_t, uint64_t> spans_[2];       // start, length: where the sought ones lie
  std::pair<uint32_t, uint32_t> half_spans_[2];  // least, most: their lower halves
  std::vector<Disguised> found_;
  bool avx2_ = false;
};

}  // namespace track::analyze
