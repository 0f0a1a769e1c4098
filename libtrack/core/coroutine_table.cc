#include "libtrack/core/coroutine_table.h"

#include "libtrack/core/recording.h"
#include "libtrack/core/slot_pool.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_state.h"

namespace track::core {
namespace {

using wire::CoroutineSlot;
using wire::SectionKind;

constexpr uint32_t kWatched = 1u << 25;
constexpr uint32_t kMostWatched = 127u << 25;

CoroutineSlot& slot_of_cell(uint32_t cell) {
  return recording.coroutines[(cell & kCellIndex) - 1];
}

inline void note_tracking() {
  auto& tracked = wiped_in_children.tracked_blocks;
  if (__builtin_expect((tracked.load(std::memory_order_relaxed) & kEverTracked) == 0, 0))
    tracked.fetch_or(kEverTracked, std::memory_order_relaxed);
}
inline void note_entry(uint32_t site, bool there) {
  if ((site & wire::kFrameSeen) == 0)
    wiped_in_children.tracked_blocks.fetch_add(there ? 1 : UINT32_MAX, std::memory_order_relaxed);
  else if (there)
    note_tracking();
}

// A holder that never comes back (a handler jumped out of it) is waited for once.
std::atomic<bool> given_up{false};

// Calls attempt(value of the cell) until it is true. False: not in bounded time.
template <class Attempt>
bool patiently(FrameCell& cell, Attempt attempt) {
  const uint32_t patience = given_up.load(std::memory_order_relaxed) ? 1000 : 100000;
  for (uint32_t spin = 0; spin < patience; ++spin) {
    if (attempt(cell.load(std::memory_order_acquire))) {
      if (spin != 0) given_up.store(false, std::memory_order_relaxed);
      return true;
    }
    if (spin > 1000) sys::call(SYS_sched_yield);
    __builtin_ia32_pause();
  }
  given_up.store(true, std::memory_order_relaxed);
  count(lost().coroutines);
  return false;
}

constinit SlotPool<CoroutineSlot, SectionKind::coroutines, &ThisThread::free_frames> pool;

// Does the entry that has the new block's cell belong to another block, live too? Else its own
// block was freed where nobody saw it.
bool is_neighbour(const CoroutineSlot& slot, uint64_t address, uint32_t size_bytes) {
  const uint64_t there = slot.address.load(std::memory_order_relaxed);
  return there != address && (there + slot.size_bytes <= address || address + size_bytes <= there);
}

}  // namespace

void restart_coroutine_table_after_fork(bool keep) {
  if (keep) return note_tracking();
  empty_frame_map();
  pool.forget();
  given_up.store(false, std::memory_order_relaxed);
}

void mark_frame_seen(CoroutineSlot& slot) {
  const uint32_t site = slot.site;
  note_tracking();
  note_entry(site, false);
  __atomic_store_n(&slot.site, site | wire::kFrameSeen, __ATOMIC_RELEASE);
}

void give_back_free_slots() {
  pool.give_back();
}

// A saturated count says "maybe" for ever.
void watch_block(uint64_t address) {
  FrameCell* cell = make_frame_cell(address);
  if (cell == nullptr) return;
  note_tracking();
  uint32_t value = cell->load(std::memory_order_relaxed);
  while (value < kMostWatched &&
         !cell->compare_exchange_weak(value, value + kWatched, std::memory_order_relaxed)) {
  }
}
void unwatch_block(uint64_t address) {
  FrameCell* cell = find_frame_cell(address);
  if (cell == nullptr) return;
  uint32_t value = cell->load(std::memory_order_relaxed);
  while (value >= kWatched && value < kMostWatched &&
         !cell->compare_exchange_weak(value, value - kWatched, std::memory_order_relaxed)) {
  }
}

CoroutineSlot* insert_block(uint64_t address, uint32_t size_bytes, uint32_t site, uint32_t stack,
                            uint64_t ticks, uint32_t creator) {
  FrameCell* cell = find_frame_cell(address);
  if (__builtin_expect(cell == nullptr, 0)) cell = make_frame_cell(address);
  if (__builtin_expect(cell == nullptr, 0)) return count(lost().coroutines), nullptr;
  uint32_t value = cell->load(std::memory_order_acquire);
  if (__builtin_expect((value & kCellLocked) != 0, 0)) {
    if (!patiently(*cell, [](uint32_t now) { return (now & kCellLocked) == 0; })) return nullptr;
    value = cell->load(std::memory_order_acquire);
  }
  uint32_t index = value & kCellIndex;
  if (__builtin_expect(index != 0, 0)) {
    CoroutineSlot& old = slot_of_cell(value);
    if (is_neighbour(old, address, size_bytes)) return count(lost().coroutines), nullptr;
    old.address.store(0, std::memory_order_release);
    note_entry(old.site, false);
  } else {
    index = pool.take();
    if (index == 0) return count(lost().coroutines), nullptr;
  }
  note_entry(site, true);
  CoroutineSlot& slot = recording.coroutines[index - 1];
  __atomic_store_n(&slot.created_ticks, ticks, __ATOMIC_RELAXED);
  slot.stack = stack;
  slot.size_bytes = size_bytes;
  slot.creator = creator;
  __atomic_store_n(&slot.site, site, __ATOMIC_RELAXED);
  slot.address.store(address, std::memory_order_release);
  cell->store((value & ~kCellIndex) | index, std::memory_order_release);
  return &slot;
}

FoundBlock lock_block(uint64_t address, FrameCell& cell) {
  uint32_t value = 0;
  const bool settled = patiently(cell, [&](uint32_t now) {
    value = now;
    return (now & kCellIndex) == 0 ||
           ((now & kCellLocked) == 0 &&
            cell.compare_exchange_strong(now, now | kCellLocked, std::memory_order_acquire));
  });
  if (!settled || (value & kCellIndex) == 0) return {};
  const FoundBlock block{&slot_of_cell(value), &cell, value | kCellLocked};
  if (block.slot->address.load(std::memory_order_relaxed) == address) return block;
  unlock_block(block);
  return {};
}

void erase_block(const FoundBlock& block) {
  if (block.locked != 0) note_entry(block.slot->site, false);
  block.slot->address.store(0, std::memory_order_release);
  const uint32_t value = block.cell->load(std::memory_order_relaxed);
  block.cell->store(value & ~(kCellIndex | kCellLocked), std::memory_order_release);
  pool.give(static_cast<uint32_t>(block.slot - recording.coroutines) + 1);
}

// Only if it is still ours: once the entry is marked as seen its owner may have ended it.
void unlock_block(const FoundBlock& block) {
  uint32_t ours = block.locked;
  block.cell->compare_exchange_strong(ours, ours & ~kCellLocked, std::memory_order_release);
}

}  // namespace track::core
