// coroutine_table.h: the live table of blocks that hold, or may hold, a coroutine frame, found by
// address. Sharded; each shard has a small lock of its own that is held for a few loads and stores,
// never across a call out. While a block's entry is locked its memory cannot be freed, because
// freeing must erase the entry first: that makes looking into the block safe.
//
// Callers are inside a BusyScope. A lock that cannot be had in bounded time (its holder was
// cancelled) is given up and counted.
#pragma once

#include <cstdint>

#include "libtrack/wire/tables.h"

namespace track::core {

bool start_coroutine_table();
// In a fork child: emptied unless told to keep it, after which the parent's coroutines are not
// listed here, freeing one is nothing to us, and no block is watched until it is watched again.
void restart_coroutine_table_after_fork(bool keep);

// Counting filter: 0 = certainly not in the table. Read on every free.
inline constexpr uint32_t kFilterBits = 17;
extern uint8_t coroutine_filter[1u << kFilterBits];
inline uint64_t address_hash(uint64_t address) {
  return (address >> 4) * 0x9E3779B97F4A7C15u;
}
inline bool may_be_tracked(const void* block) {
  return __builtin_expect(
      __atomic_load_n(
          &coroutine_filter[address_hash(reinterpret_cast<uint64_t>(block)) >> (64 - kFilterBits)],
          __ATOMIC_RELAXED) != 0,
      0);
}

// For others whose blocks' end is to be noticed: freeing such a block takes the slow way.
void watch_block(uint64_t address);
void unwatch_block(uint64_t address);

// Adds (or replaces) the block's entry; null when there is no room, which is counted.
wire::CoroutineSlot* insert_block(uint64_t address, uint32_t size_bytes, uint32_t site,
                                  uint32_t stack, uint64_t ticks, uint32_t creator);

// Calls look(slot) with the entry locked, if there is one; look returns false to erase it.
template <class Look>
bool with_block(uint64_t address, Look look);

// The pieces with_block is made of.
wire::CoroutineSlot* lock_block(uint64_t address, uint64_t* place);  // null: not there, not locked
void unlock_block(uint64_t address, uint64_t place, wire::CoroutineSlot* slot, bool erase);

template <class Look>
bool with_block(uint64_t address, Look look) {
  uint64_t place;
  wire::CoroutineSlot* slot = lock_block(address, &place);
  if (slot == nullptr) return false;
  const bool keep = look(*slot);
  unlock_block(address, place, slot, !keep);
  return true;
}

}  // namespace track::core
