// coroutine_table.h: the live table of blocks that hold, or may hold, a coroutine frame, found by
// address (frame_map.h). An entry is its owner's, who allocated the block and has not freed it yet:
// no lock is needed to make it or to end it. Others may look at a block whose entry is not marked
// kFrameSeen yet; for that they lock the entry, and freeing the block waits for them: that makes
// looking into the block safe.
//
// Callers are inside a BusyScope. A lock that cannot be had in bounded time (its holder was
// cancelled) is given up and counted.
#pragma once

#include <cstdint>

#include "libtrack/core/frame_map.h"
#include "libtrack/core/recording.h"
#include "libtrack/wire/tables.h"

namespace track::core {

// In a fork child: emptied unless told to keep it, after which the parent's coroutines are not
// listed here, freeing one is nothing to us, and no block is watched until it is watched again.
void restart_coroutine_table_after_fork(bool keep);

// False: certainly neither in the table nor watched. Asked on every free: in a program that has no
// coroutines a word says so.
[[gnu::always_inline]] inline bool may_be_tracked(const void* block) {
  if (__builtin_expect(wiped_in_children.tracked_blocks.load(std::memory_order_relaxed) == 0, 1))
    return false;
  const FrameCell* cell = find_frame_cell(reinterpret_cast<uint64_t>(block));
  return cell != nullptr && __builtin_expect(cell->load(std::memory_order_relaxed) != 0, 0);
}

// For others whose blocks' end is to be noticed: freeing such a block takes the slow way.
void watch_block(uint64_t address);
void unwatch_block(uint64_t address);

// Adds (or replaces) the block's entry; null when there is no room, which is counted.
wire::CoroutineSlot* insert_block(uint64_t address, uint32_t size_bytes, uint32_t site,
                                  uint32_t stack, uint64_t ticks, uint32_t creator);

// Calls look(slot) if there is an entry, locked unless it is marked kFrameSeen: then only for the
// block's owner, and for others who can tell by the entry itself that it is not the one they mean.
// look returns false to erase it. False: there is none.
template <class Look>
bool with_block(uint64_t address, Look look);

// Marks it; the last thing to be written of an entry by who locked it.
void mark_frame_seen(wire::CoroutineSlot& slot);

// The running thread ends: the free slots it keeps go to all.
void give_back_free_slots();

// A cell: the slot's index + 1 (0 = none), a lock, and above it how many watch the block.
inline constexpr uint32_t kCellIndex = (1u << 24) - 1;
inline constexpr uint32_t kCellLocked = 1u << 24;

// The pieces with_block is made of.
struct FoundBlock {
  wire::CoroutineSlot* slot;  // null: not there, or not to be locked
  FrameCell* cell;
  uint32_t locked;  // the cell as we locked it; 0 = not locked
};
FoundBlock lock_block(uint64_t address, FrameCell& cell);
void erase_block(const FoundBlock& block);
void unlock_block(const FoundBlock& block);

inline FoundBlock find_block(uint64_t address) {
  FrameCell* cell = find_frame_cell(address);
  if (cell == nullptr) return {};
  const uint32_t value = cell->load(std::memory_order_acquire);
  if ((value & kCellIndex) == 0) return {};
  if (__builtin_expect((value & kCellLocked) == 0, 1)) {
    wire::CoroutineSlot& slot = recording.coroutines[(value & kCellIndex) - 1];
    if (__builtin_expect(__atomic_load_n(&slot.site, __ATOMIC_ACQUIRE) & wire::kFrameSeen, 1)) {
      if (slot.address.load(std::memory_order_relaxed) != address) return {};
      return {&slot, cell, 0};
    }
  }
  return lock_block(address, *cell);
}

template <class Look>
bool with_block(uint64_t address, Look look) {
  const FoundBlock block = find_block(address);
  if (block.slot == nullptr) return false;
  const bool keep = look(*block.slot);
  if (!keep)
    erase_block(block);
  else if (block.locked != 0)
    unlock_block(block);
  return true;
}

}  // namespace track::core
