#include "libtrack/core/contention.h"

#include "libtrack/core/memory.h"
#include "libtrack/core/recording.h"

namespace track::core {
namespace {

using wire::ContentionSlot;
using wire::SectionKind;

// The entries lie densely in the recording, so that few of its pages are touched; where a key's
// entry lies is known here only: cells of an open-addressing table, entry's index + 1.
constexpr uint32_t kCells = 2 * wire::kContentionSlots;
constexpr uint32_t kMostProbes = 256;
std::atomic<std::atomic<uint32_t>*> cells{nullptr};

std::atomic<uint32_t>* all_cells() {
  std::atomic<uint32_t>* known = cells.load(std::memory_order_acquire);
  if (known != nullptr) return known;
  auto* fresh = static_cast<std::atomic<uint32_t>*>(allocate(kCells * sizeof(uint32_t)));
  if (fresh == nullptr) return nullptr;
  // Who comes second uses what the first one made.
  return cells.compare_exchange_strong(known, fresh, std::memory_order_acq_rel) ? fresh : known;
}

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
  auto& used = section(SectionKind::contention).used;
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
  std::atomic<uint32_t>* table = all_cells();
  if (table == nullptr) return nullptr;
  auto* slots = section_start<ContentionSlot>(SectionKind::contention);
  const uint64_t identity = wire::pack_contention(key.role, key.kind, key.object);
  const uint64_t hash = hash_of(identity, key);
  uint32_t mine = 0;
  for (uint32_t probe = 0; probe < kMostProbes; ++probe) {
    std::atomic<uint32_t>& cell = table[(hash + probe) % kCells];
    uint32_t entry = cell.load(std::memory_order_acquire);
    if (entry == 0) {
      if (mine == 0) mine = fresh_entry(identity, key, now_ticks, most_entries);
      if (mine == 0) return nullptr;
      if (cell.compare_exchange_strong(entry, mine, std::memory_order_acq_rel))
        return slots + mine - 1;
    }
    // An entry that lost the race for its cell stays behind with sums of 0.
    if (is(slots[entry - 1], identity, key)) return slots + entry - 1;
  }
  return nullptr;
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
  auto& used = section(SectionKind::contention).used;
  const uint64_t entries = used.exchange(0, std::memory_order_relaxed);
  std::atomic<uint32_t>* table = cells.load(std::memory_order_relaxed);
  if (entries == 0 || table == nullptr) return;
  for (uint32_t i = 0; i < kCells; ++i)
    if (table[i].load(std::memory_order_relaxed) != 0) table[i].store(0, std::memory_order_relaxed);
  auto* slots = section_start<ContentionSlot>(SectionKind::contention);
  for (uint64_t i = 0; i < entries; ++i)
    if (reserve(slots + i, sizeof(ContentionSlot)))
      __builtin_memset(static_cast<void*>(slots + i), 0, sizeof(ContentionSlot));
}

}  // namespace track::core
