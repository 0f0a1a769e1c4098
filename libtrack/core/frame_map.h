// frame_map.h: a word for every block of memory that the tracker knows something about, found by
// its address in three loads and no lock; blocks that lie together share cache lines. Free asks it
// for every block there is, so most answers are "no such part of the map".
//
// A cell stands for 32 bytes of address space: blocks large enough to be a coroutine frame do not
// begin closer together in the usual allocators. A part of the map, 8 KiB, is made for the first
// block in 64 KiB and stays: an eighth of the memory in which such blocks lie, at most.
//
// Any thread, signal handlers too. Who writes a cell and when is its users' business.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::core {

inline constexpr unsigned kFrameCellBits = 5, kFrameLeafBits = 11, kFrameBranchBits = 16,
                          kFrameRootBits = 15;
static_assert(kFrameCellBits + kFrameLeafBits + kFrameBranchBits + kFrameRootBits ==
              47);  // user space

using FrameCell = std::atomic<uint32_t>;

struct FrameLeaf {
  FrameLeaf* older;                // of all leaves
  std::atomic<FrameLeaf*>* place;  // in its branch
  FrameCell cells[1u << kFrameLeafBits];
};
using FrameBranch = std::atomic<FrameLeaf*>;  // the first of many

extern std::atomic<FrameBranch*> frame_map[1u << kFrameRootBits];

template <unsigned kBits>
inline uint64_t low_bits(uint64_t value) {
  return value & ((uint64_t{1} << kBits) - 1);
}

// Null: nobody has made one for the address yet.
inline FrameCell* find_frame_cell(uint64_t address) {
  const uint64_t granule = address >> kFrameCellBits;
  FrameBranch* branch =
      frame_map[low_bits<kFrameRootBits>(granule >> (kFrameLeafBits + kFrameBranchBits))].load(
          std::memory_order_acquire);
  if (branch == nullptr) return nullptr;
  FrameLeaf* leaf =
      branch[low_bits<kFrameBranchBits>(granule >> kFrameLeafBits)].load(std::memory_order_acquire);
  return leaf == nullptr ? nullptr : &leaf->cells[low_bits<kFrameLeafBits>(granule)];
}

// Null: no memory.
FrameCell* make_frame_cell(uint64_t address);

// In a fork child: all cells are gone.
void empty_frame_map();

}  // namespace track::core
