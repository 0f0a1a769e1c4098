#include "libtrack/core/coroutine_table.h"

#include "libtrack/core/recording.h"
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

// Free slots: each thread keeps a few; the others are in one list of all, a counter against A-B-A
// above its head. Linked by index + 1 through created_ticks; a link that cannot be one ends the
// list.
constexpr uint32_t kKept = 64;
constexpr uint32_t kAtOnce = 32;  // slots that a thread takes from the section, or gives, at a time
std::atomic<uint64_t> free_slots{0};

uint32_t next_of(uint32_t index) {
  const uint64_t next =
      __atomic_load_n(&recording.coroutines[index - 1].created_ticks, __ATOMIC_RELAXED);
  return next <= section_capacity<CoroutineSlot>(SectionKind::coroutines)
             ? static_cast<uint32_t>(next)
             : 0;
}
void set_next(uint32_t index, uint32_t next) {
  __atomic_store_n(&recording.coroutines[index - 1].created_ticks, next, __ATOMIC_RELAXED);
}

void push_chain(uint32_t first, uint32_t last) {
  uint64_t head = free_slots.load(std::memory_order_relaxed);
  do {
    set_next(last, static_cast<uint32_t>(head));
  } while (!free_slots.compare_exchange_weak(head, ((head >> 32) + 1) << 32 | first,
                                             std::memory_order_acq_rel));
}

uint32_t pop_free() {
  uint64_t head = free_slots.load(std::memory_order_acquire);
  while (static_cast<uint32_t>(head) != 0) {
    const auto first = static_cast<uint32_t>(head);
    if (free_slots.compare_exchange_weak(head, ((head >> 32) + 1) << 32 | next_of(first),
                                         std::memory_order_acq_rel))
      return first;
  }
  return 0;
}

void keep_free(uint32_t index) {
  set_next(index, this_thread.free_frames);
  this_thread.free_frames = index;
  ++this_thread.free_frame_count;
}

// Where this thread has none left. Space is reserved before slots are handed out: those without
// stay for when there is some.
bool find_more_slots() {
  this_thread.free_frame_count = 0;
  for (uint32_t i = 0; i < kAtOnce; ++i) {
    const uint32_t index = pop_free();
    if (index == 0) break;
    keep_free(index);
  }
  if (this_thread.free_frames != 0) return true;
  auto& used = section_used(SectionKind::coroutines);
  const uint64_t capacity = section_capacity<CoroutineSlot>(SectionKind::coroutines);
  uint64_t first = used.load(std::memory_order_relaxed);
  do {
    // The count is in the file: it may be anything.
    if (first >= capacity || first + kAtOnce > capacity || first + kAtOnce >= kCellIndex)
      return false;
    if (!reserve(recording.coroutines + first, kAtOnce * sizeof(CoroutineSlot))) return false;
  } while (!used.compare_exchange_weak(first, first + kAtOnce, std::memory_order_relaxed));
  for (uint64_t i = first + kAtOnce; i > first; --i) keep_free(static_cast<uint32_t>(i));
  return true;
}

uint32_t take_slot() {
  if (__builtin_expect(this_thread.free_frames == 0, 0) && !find_more_slots()) return 0;
  const uint32_t index = this_thread.free_frames;
  this_thread.free_frames = next_of(index);
  --this_thread.free_frame_count;
  return index;
}

void give_some(uint32_t n) {
  const uint32_t first = this_thread.free_frames;
  if (first == 0) return;
  uint32_t last = first, given = 1;
  for (uint32_t next = next_of(last); given < n && next != 0; next = next_of(last), ++given)
    last = next;
  this_thread.free_frames = next_of(last);
  this_thread.free_frame_count -= given;
  push_chain(first, last);
}

// A thread whose end is not seen, or that is past it, keeps none.
void give_slot(uint32_t index) {
  keep_free(index);
  if (__builtin_expect(
          this_thread.free_frame_count > kKept || this_thread.gone || this_thread.slot == nullptr,
          0))
    give_some(kAtOnce);
}

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
  free_slots.store(0, std::memory_order_relaxed);
  given_up.store(false, std::memory_order_relaxed);
  this_thread.free_frames = this_thread.free_frame_count = 0;
}

void mark_frame_seen(CoroutineSlot& slot) {
  const uint32_t site = slot.site;
  note_tracking();
  note_entry(site, false);
  __atomic_store_n(&slot.site, site | wire::kFrameSeen, __ATOMIC_RELEASE);
}

void give_back_free_slots() {
  if (this_thread.free_frames != 0) give_some(2 * kKept);
  this_thread.free_frames = this_thread.free_frame_count = 0;
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
    index = take_slot();
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
  give_slot(static_cast<uint32_t>(block.slot - recording.coroutines) + 1);
}

// Only if it is still ours: once the entry is marked as seen its owner may have ended it.
void unlock_block(const FoundBlock& block) {
  uint32_t ours = block.locked;
  block.cell->compare_exchange_strong(ours, ours & ~kCellLocked, std::memory_order_release);
}

}  // namespace track::core
