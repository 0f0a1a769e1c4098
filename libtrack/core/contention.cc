#include "libtrack/core/contention.h"

#include "libtrack/core/cell_table.h"
#include "libtrack/core/hot.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/thread_state.h"

namespace track::core {
namespace {

using wire::ContentionSlot;
using wire::SectionKind;

constinit CellTable<2 * wire::kContentionSlots, 256> cells;
TRACK_HOT alignas(64) std::atomic<uint32_t> table_generation{1};

uint64_t hash_of(uint64_t identity, const ContentionKey& key) {
  uint64_t hash = identity * 0x9e3779b97f4a7c15u;
  hash ^= (uint64_t{key.stack} << 32 | key.created) + (hash >> 29);
  hash *= 0xbf58476d1ce4e5b9u;
  return hash ^ hash >> 32;
}

bool is(const ContentionSlot& slot, uint64_t identity, const ContentionKey& key) {
  return slot.identity.load(std::memory_order_acquire) == identity && slot.stack == key.stack &&
         slot.created == key.created;
}

// An entry nobody else knows yet; 0 = the table is full.
uint32_t fresh_entry(uint64_t identity, const ContentionKey& key, uint64_t now_ticks,
                     uint64_t most_entries) {
  auto& used = section_used(SectionKind::contention);
  auto* slots = section_start<ContentionSlot>(SectionKind::contention);
  uint64_t n = used.load(std::memory_order_relaxed);
  do {
    if (n >= most_entries || !reserve(slots + n, sizeof(ContentionSlot))) return 0;
  } while (!used.compare_exchange_weak(n, n + 1, std::memory_order_relaxed));
  ContentionSlot& slot = slots[n];
  slot.stack = key.stack;
  slot.created = key.created;
  slot.first_ticks = now_ticks;
  slot.identity.store(identity, std::memory_order_release);
  return static_cast<uint32_t>(n + 1);
}

ContentionSlot* find_or_make(const ContentionKey& key, uint64_t now_ticks, uint64_t most_entries) {
  auto* slots = section_start<ContentionSlot>(SectionKind::contention);
  const uint64_t identity = wire::pack_contention(key.role, key.kind, key.object);
  const uint32_t entry = cells.find_or_make(
      hash_of(identity, key), [&](uint32_t there) { return is(slots[there - 1], identity, key); },
      [&] { return fresh_entry(identity, key, now_ticks, most_entries); });
  return entry == 0 ? nullptr : slots + entry - 1;
}

// A signal handler may add to the same word: one instruction, which it finds done or not begun.
void add(std::atomic<uint64_t>& sum, uint64_t n) {
  if (one_thread.load(std::memory_order_relaxed))
    asm("addq %1, %0" : "+m"(sum) : "er"(n) : "cc");
  else
    sum.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace

TRACK_HOT_CODE ContentionSlot* contention_slot(const ContentionKey& key, uint64_t now_ticks,
                                               RememberedCost& last) {
  const uint32_t generation = table_generation.load(std::memory_order_relaxed);
  if (__builtin_expect(last.entry != 0 && last.generation == generation, 1)) {
    ContentionSlot* slot = recording.contention + last.entry - 1;
    if (is(*slot, wire::pack_contention(key.role, key.kind, key.object), key)) return slot;
  }
  ContentionSlot* slot = contention_slot(key, now_ticks);
  // A handler that comes in between finds none remembered.
  last.entry = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  last.generation = generation;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (slot != nullptr) last.entry = static_cast<uint32_t>(slot - recording.contention) + 1;
  return slot;
}

ContentionSlot* contention_slot(const ContentionKey& key, uint64_t now_ticks) {
  const uint64_t capacity = section_capacity<ContentionSlot>(SectionKind::contention);
  const uint64_t before_sharing = capacity - capacity / 4;
  if (ContentionSlot* slot = find_or_make(key, now_ticks, before_sharing)) return slot;
  ContentionKey shared = key;
  shared.object = 0;
  shared.created = 0;
  if (ContentionSlot* slot = find_or_make(shared, now_ticks, capacity)) return slot;
  count(lost().contention);
  return nullptr;
}

TRACK_HOT_CODE void add_contention(ContentionSlot& slot, uint64_t waits, uint64_t ticks,
                                   uint64_t most_ticks, uint64_t now_ticks) {
  add(slot.count, waits);
  add(slot.ticks, ticks);
  slot.last_ticks.store(now_ticks, std::memory_order_relaxed);
  uint64_t most = slot.most_ticks.load(std::memory_order_relaxed);
  while (most < most_ticks &&
         !slot.most_ticks.compare_exchange_weak(most, most_ticks, std::memory_order_relaxed)) {
  }
}

void restart_contention_after_fork() {
  table_generation.fetch_add(1, std::memory_order_relaxed);
  cells.clear();
}

}  // namespace track::core
