#include "libtrack/core/contention.h"

#include "libtrack/core/cell_table.h"
#include "libtrack/core/recording.h"

namespace track::core {
namespace {

using wire::ContentionSlot;
using wire::SectionKind;

constinit CellTable<2 * wire::kContentionSlots, 256> cells;

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

}  // namespace

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

void add_contention(ContentionSlot& slot, uint64_t waits, uint64_t ticks, uint64_t most_ticks,
                    uint64_t now_ticks) {
  slot.count.fetch_add(waits, std::memory_order_relaxed);
  slot.ticks.fetch_add(ticks, std::memory_order_relaxed);
  slot.last_ticks.store(now_ticks, std::memory_order_relaxed);
  uint64_t most = slot.most_ticks.load(std::memory_order_relaxed);
  while (most < most_ticks &&
         !slot.most_ticks.compare_exchange_weak(most, most_ticks, std::memory_order_relaxed)) {
  }
}

void restart_contention_after_fork() {
  cells.clear();
}

}  // namespace track::core
