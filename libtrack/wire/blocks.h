// blocks.h: the live table of heap blocks (alloc=exact): an address, wherever in the address space,
// leads to its cell without a search. No locks, nothing ever moves.
//
//   block_regions: BlockRegion[]: which 64 MiB of addresses leaf n stands for; leaf 0 is never used
//   block_pages:   a byte for each page of cells of each leaf: kPageThere = it may be read
//   blocks:        the leaves: a cell of 8 bytes for each 16 bytes of address
//
// Two blocks share 16 bytes only where an allocator aligns blocks of up to 8 bytes to 8; then each
// has one half of the cell. A cell, or a half, is written at once: no reader sees one in parts.
//
//   whole cell: bits 0-23 stack, 24-29 and 32-61 size, 30 = 1, 31 = 0, 62 moving, 63 = 0
//   a half:     bits 0-23 stack, 24-27 size,           30 moving, 31 = 1 (so 63 for the upper half)
//
// Whatever else is no block: 0, and an upper half without its bit 31 when the lower is small.
// moving: a thread is resizing the block; the stack is then the task id of that thread.
//
// Memory: 4 KiB for each 8 KiB of addresses that ever held the start of a block, rounded up to
// kPagesAtOnce of them, and 8 KiB for each 64 MiB: at most half of what the heap spans.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::wire {

// How the table came to be as it is; Header::blocks.
enum class BlocksState : uint32_t {
  off = 0,
  kept = 1,
  // The program's allocator is not called through the names that can be taken over: a malloc of its
  // own, or another preloaded library that comes first.
  not_ours = 2,
  no_room = 3,  // no address space or no file for it
  sampled = 4,  // some of them: samples.h
};

struct BlockRegion {
  std::atomic<uint64_t> number;  // address >> kBlockRegionShift, plus 1; 0 = no region (yet)
};
static_assert(sizeof(BlockRegion) == 8);

inline constexpr unsigned kBlockRegionShift = 26;
inline constexpr unsigned kBlockCellShift = 4;
inline constexpr uint64_t kBlockAddressEnd = uint64_t{1} << 47;
inline constexpr uint64_t kBlockRegions = kBlockAddressEnd >> kBlockRegionShift;
inline constexpr uint64_t kRegionCells = uint64_t{1} << (kBlockRegionShift - kBlockCellShift);
inline constexpr uint64_t kPageCells = 4096 / 8;
inline constexpr uint64_t kRegionPages = kRegionCells / kPageCells;
inline constexpr uint64_t kPagesAtOnce = 8;
inline constexpr uint32_t kMostBlockRegions = 1024;  // 64 GiB of addresses with blocks in them

enum BlockPage : uint8_t { kPageUntouched = 0, kPageThere = 1, kPageRefused = 2 };

inline constexpr uint32_t kBlockStackMask = 0xffffff;
inline constexpr uint64_t kLargestBlock = (uint64_t{1} << 36) - 1;  // larger ones are cut
inline constexpr uint64_t kSmallBlock = 8;
inline constexpr uint64_t kWholeCell = uint64_t{1} << 30;
inline constexpr uint64_t kWholeMoving = uint64_t{1} << 62;
inline constexpr uint32_t kHalfCell = uint32_t{1} << 31;
inline constexpr uint32_t kHalfMoving = uint32_t{1} << 30;

constexpr uint64_t whole_cell(uint64_t bytes, uint32_t stack) {
  if (bytes > kLargestBlock) bytes = kLargestBlock;
  return kWholeCell | (bytes & 63) << 24 | bytes >> 6 << 32 | (stack & kBlockStackMask);
}
constexpr uint64_t bytes_of_whole(uint64_t cell) {
  return (cell >> 24 & 63) | (cell >> 32 & 0x3fffffff) << 6;
}
constexpr uint32_t half_cell(uint64_t bytes, uint32_t stack) {
  return kHalfCell | static_cast<uint32_t>(bytes & 15) << 24 | (stack & kBlockStackMask);
}

struct CellBlock {
  bool there = false;
  bool moving = false;
  uint64_t bytes = 0;
  uint32_t stack = 0;  // moving: a task id
};
constexpr CellBlock block_of_half(uint32_t half) {
  if ((half & kHalfCell) == 0) return {};
  return {true, (half & kHalfMoving) != 0, half >> 24 & 15, half & kBlockStackMask};
}
// The block that begins at the cell's address (half 0) or 8 bytes behind it (half 1).
constexpr CellBlock block_of_cell(uint64_t cell, unsigned half) {
  const uint32_t low = static_cast<uint32_t>(cell), high = static_cast<uint32_t>(cell >> 32);
  if (half == 1) return block_of_half(high);
  if ((low & kHalfCell) != 0) return block_of_half(low);
  if ((low & kWholeCell) == 0 || (high & kHalfCell) != 0) return {};
  return {true, (cell & kWholeMoving) != 0, bytes_of_whole(cell), low & kBlockStackMask};
}

}  // namespace track::wire
