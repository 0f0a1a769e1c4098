#include "libtrack/core/told_coroutines.h"

#include "libtrack/core/labels.h"
#include "libtrack/core/slot_pool.h"
#include "libtrack/core/text.h"
#include "libtrack/core/unwind.h"
#include "libtrack/wire/declared.h"

namespace track::core {
namespace {

using wire::SectionKind;
using wire::ToldCoroutine;
using wire::ToldPlace;
using wire::ToldState;

constinit SlotPool<ToldCoroutine, SectionKind::told_coroutines, &ThisThread::free_told> pool;

// Entries that are kept for what the coroutine owned when it ended: an eighth, and no more than
// this.
constexpr uint64_t kMostEndedOwners = 1024;
constinit std::atomic<uint32_t> ended_owners{0};
uint64_t most_ended_owners() {
  const uint64_t eighth = section_capacity<ToldCoroutine>(SectionKind::told_coroutines) / 8;
  return eighth < kMostEndedOwners ? eighth : kMostEndedOwners;
}

// Never 0. The literals' addresses are the place's identity, as long as they lie in the same
// module: the coroutine's creation stack, or its block's, has met it.
uint64_t key_of(const char* file, const char* function, uint32_t line) {
  const uint64_t where = reinterpret_cast<uint64_t>(file) + (uint64_t{line} << 40);
  return (reinterpret_cast<uint64_t>(function) * 0x9E3779B97F4A7C15u ^
          (where + stack_salt()) * 0xC2B2AE3D27D4EB4Fu) |
         1;
}

template <size_t kRoom>
void keep_end(char (&to)[kRoom], const char* text) {
  if (text == nullptr) text = "";
  const size_t n = length(text), skipped = n < kRoom ? 0 : n - (kRoom - 1);
  copy_bytes(to, text + skipped, n - skipped + 1);
}

}  // namespace

uint32_t insert_told(uint64_t frame, uint64_t ticks, uint32_t creator, uint32_t stack) {
  const uint32_t id = pool.take();
  if (id == 0) return count(lost().coroutines), 0;
  ToldCoroutine& slot = pool.slot(id);
  __atomic_store_n(&slot.created_ticks, ticks, __ATOMIC_RELAXED);
  slot.since_ticks.store(0, std::memory_order_relaxed);
  slot.awaiter.store(0, std::memory_order_relaxed);
  slot.object.store(0, std::memory_order_relaxed);
  slot.state.store(ToldState::running, std::memory_order_relaxed);
  slot.place.store(0, std::memory_order_relaxed);
  slot.resumes.store(0, std::memory_order_relaxed);
  slot.thread.store(creator, std::memory_order_relaxed);
  slot.creator = creator;
  slot.labels = current_labels();
  slot.stack = stack;
  slot.owns.store(0, std::memory_order_relaxed);
  slot.frame.store(frame, std::memory_order_release);
  return id;
}

wire::ToldCoroutine* told_owner(uint32_t owner) {
  if ((owner & wire::kCoroutineOwner) == 0 || !recording_is_ours()) return nullptr;
  const uint32_t id = wire::id_of_owner(owner);
  if (uint64_t{id} - 1 >= section_capacity<ToldCoroutine>(SectionKind::told_coroutines))
    return nullptr;
  ToldCoroutine& slot = pool.slot(id);
  return is_reserved(&slot) && slot.frame.load(std::memory_order_relaxed) != 0 &&
                 wire::coroutine_owner(
                     id, __atomic_load_n(&slot.created_ticks, __ATOMIC_RELAXED)) == owner
             ? &slot
             : nullptr;
}

void erase_told(ToldCoroutine& slot, bool reuse) {
  // What it owns nobody gives back any more, unless who awaited it does. Its entry says so.
  if (slot.owns.load(std::memory_order_relaxed) != 0 &&
      slot.awaiter.load(std::memory_order_relaxed) == 0 &&
      ended_owners.fetch_add(1, std::memory_order_relaxed) < most_ended_owners())
    reuse = false;
  slot.frame.store(0, std::memory_order_release);
  if (reuse) pool.give(static_cast<uint32_t>(&slot - &pool.slot(1)) + 1);
}

uint16_t told_place(const char* file, const char* function, uint32_t line) {
  const uint64_t last = section_capacity<ToldPlace>(SectionKind::told_places) - 1;
  auto* places = section_start<ToldPlace>(SectionKind::told_places);
  const uint64_t key = key_of(file, function, line);
  uint64_t at = key >> 40 & last;  // the upper bits are the best mixed ones
  for (uint32_t probe = 0; probe < wire::kPlaceProbes; ++probe, at = (at + 1) & last) {
    ToldPlace& place = places[at];
    if (__builtin_expect(!is_reserved(&place), 0) && !reserve(&place, sizeof place)) return 0;
    uint64_t there = place.key.load(std::memory_order_relaxed);
    if (there == 0 && place.key.compare_exchange_strong(there, key, std::memory_order_relaxed)) {
      place.line = line;
      keep_end(place.file, file);
      keep_end(place.function, function);
      place.complete.store(1, std::memory_order_release);
      there = key;
    }
    if (__builtin_expect(there == key, 1)) return static_cast<uint16_t>(at + 1);
  }
  count(lost().labels);
  return 0;
}

void restart_told_after_fork(bool keep) {
  if (!keep) pool.forget();
  if (!keep) ended_owners.store(0, std::memory_order_relaxed);
}

void give_back_told_slots() {
  pool.give_back();
}

}  // namespace track::core
