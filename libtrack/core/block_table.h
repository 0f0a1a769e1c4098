// block_table.h: the live table of heap blocks, addressed by the block (wire/blocks.h says how).
//
// Any thread and any signal handler, at any time; nothing here locks, waits or allocates from the
// target's heap. Order is the caller's: an entry is set after the allocator has given the block and
// cleared before it gets it back, so that nobody else owns the address meanwhile.
//
// What cannot be entered (no room, an address that is not a multiple of 8) is counted in
// lost().blocks.
#pragma once

#include <cstdint>

#include "libtrack/core/recording.h"
#include "libtrack/wire/blocks.h"

namespace track::core {

// Once, in a recording that was planned with such a table; false: there is no room for it.
bool start_block_table();
// In a fork child, whose copy of the recording has no blocks: what its parent allocated is not in
// the table.
void restart_block_table_after_fork();

struct BlockTable {
  // Leaf of each region; private to the process, 0 = none. Leaf 0 has no page to read.
  std::atomic<uint16_t>* leaves;
  std::atomic<uint8_t>* pages;
  std::atomic<uint64_t>* cells;
};
extern BlockTable block_table;

// The cell of an address, if its page has ever been touched. Null for 0.
inline std::atomic<uint64_t>* find_cell(uint64_t address) {
  if (__builtin_expect(address >= wire::kBlockAddressEnd, 0)) return nullptr;
  const uint64_t leaf =
      block_table.leaves[address >> wire::kBlockRegionShift].load(std::memory_order_relaxed);
  const uint64_t cell =
      leaf * wire::kRegionCells + (address >> wire::kBlockCellShift & (wire::kRegionCells - 1));
  // Set by whoever reserved the page, which happened before this address was handed out, or by this
  // thread: no order is needed.
  if (__builtin_expect(block_table.pages[cell / wire::kPageCells].load(std::memory_order_relaxed) !=
                           wire::kPageThere,
                       0))
    return nullptr;
  return block_table.cells + cell;
}
// The same, made if need be; null: no room, counted.
std::atomic<uint64_t>* make_cell(uint64_t address);

using HalfCell = std::atomic<uint32_t>;
inline HalfCell& half_of(std::atomic<uint64_t>& cell, unsigned half) {
  return reinterpret_cast<HalfCell*>(&cell)[half];
}
bool set_small_block(std::atomic<uint64_t>& cell, uint64_t address, uint64_t bytes, uint32_t stack);

// A stack whose number does not fit is kept as none; there are no such stacks. False: not entered.
inline bool set_block(uint64_t address, uint64_t bytes, uint32_t stack) {
  std::atomic<uint64_t>* cell = find_cell(address);
  if (__builtin_expect(cell == nullptr, 0)) {
    cell = make_cell(address);
    if (cell == nullptr) return false;
  }
  if (__builtin_expect(bytes <= wire::kSmallBlock || (address & 15) != 0, 0))
    return set_small_block(*cell, address, bytes, stack);
  cell->store(wire::whole_cell(bytes, stack), std::memory_order_relaxed);
  return true;
}

inline uint64_t clear_half(HalfCell& half) {
  const uint32_t before = half.load(std::memory_order_relaxed);
  half.store(0, std::memory_order_relaxed);
  return wire::block_of_half(before).bytes;
}
// How many bytes it had; 0 where there was none.
inline uint64_t clear_block(uint64_t address) {
  std::atomic<uint64_t>* cell = find_cell(address);
  if (__builtin_expect(cell == nullptr, 0)) return 0;
  if (__builtin_expect((address & 8) != 0, 0)) return clear_half(half_of(*cell, 1));
  const uint64_t before = cell->load(std::memory_order_relaxed);
  if (__builtin_expect((before & wire::kHalfCell) != 0, 0)) return clear_half(half_of(*cell, 0));
  cell->store(0, std::memory_order_relaxed);
  return (before & wire::kWholeCell) != 0 ? wire::bytes_of_whole(before) : 0;
}

// A block that is being resized: it stays in the table, marked with the task's id, because the
// allocator may move it, give the old place to another thread and return only then.
struct MovingBlock {
  uint64_t address = 0;  // 0: not in the table
  uint64_t before = 0;   // the cell, or its half, as it was
};
uint64_t bytes_before(const MovingBlock& moving);  // 0: it was not in the table
MovingBlock begin_move(uint64_t address, uint32_t task);
void move_failed(const MovingBlock& moving, uint32_t task);
// It lies elsewhere now, or is no more.
void move_left(const MovingBlock& moving, uint32_t task);
// In place, with this size now: the whole entry anew.
void move_stayed(const MovingBlock& moving, uint64_t bytes, uint32_t stack);

}  // namespace track::core
