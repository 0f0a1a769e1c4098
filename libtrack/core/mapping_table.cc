#include "libtrack/core/mapping_table.h"

#include "libtrack/core/recording.h"
#include "libtrack/core/sys.h"
#include "libtrack/wire/mappings.h"

namespace track::core {
namespace {

using wire::Mapping;
using wire::MappingKind;
using wire::SectionKind;

constexpr uint64_t kProbes = 128;
constexpr uint64_t kMask = wire::kMappingSlots - 1;
constexpr uint64_t kSlotsAPage = 4096 / sizeof(Mapping);

Mapping* slots;
std::atomic<uint64_t> live{0};
// How many places of its hash an entry ever was away from it, at most.
std::atomic<uint64_t> reach{0};

struct Entry {
  uint64_t address = 0, bytes = 0, ticks = 0;
  uint32_t stack = 0;
  MappingKind kind = MappingKind::none;
};

uint64_t home_of(uint64_t address) {
  return (address >> 12) * 0x9e3779b97f4a7c15 >> 50;
}

void enter(const Entry& entry) {
  const uint64_t home = home_of(entry.address);
  for (uint64_t distance = 0; distance < kProbes; ++distance) {
    Mapping& slot = slots[(home + distance) & kMask];
    if (!reserve(&slot, sizeof slot)) break;
    uint64_t empty = 0;
    if (!slot.address.compare_exchange_strong(empty, wire::kMappingClaimed,
                                              std::memory_order_acquire))
      continue;
    slot.bytes = entry.bytes;
    slot.ticks = entry.ticks;
    slot.stack = entry.stack;
    slot.kind = entry.kind;
    uint64_t far = reach.load(std::memory_order_relaxed);
    while (far < distance + 1 && !reach.compare_exchange_weak(far, distance + 1)) {
    }
    live.fetch_add(1, std::memory_order_relaxed);
    slot.address.store(entry.address, std::memory_order_release);
    return;
  }
  count(lost().blocks);
}

// The entry, for this thread alone; address 0: another thread has it, or it is gone.
Entry take(Mapping& slot, uint64_t address) {
  if (!slot.address.compare_exchange_strong(address, wire::kMappingClaimed,
                                            std::memory_order_acquire))
    return {};
  const Entry entry{address, slot.bytes, slot.ticks, slot.stack, slot.kind};
  live.fetch_sub(1, std::memory_order_relaxed);
  slot.address.store(0, std::memory_order_release);
  return entry;
}

// Mostly a mapping is unmapped as a whole.
MappingKind remove_whole(uint64_t from, uint64_t to) {
  const uint64_t home = home_of(from);
  const uint64_t far = reach.load(std::memory_order_relaxed);
  for (uint64_t distance = 0; distance < far; ++distance) {
    Mapping& slot = slots[(home + distance) & kMask];
    if (!reserve(&slot, sizeof slot)) break;
    if (slot.address.load(std::memory_order_acquire) != from || slot.bytes != to - from) continue;
    return take(slot, from).kind;
  }
  return MappingKind::none;
}

bool is_touched(const Mapping* slot) {
  const auto page =
      static_cast<uint64_t>(reinterpret_cast<const char*>(slot) - recording.base) >> 12;
  return __atomic_load_n(&reserved_pages[page], __ATOMIC_RELAXED) != 0;
}

MappingKind cut(Mapping& slot, uint64_t from, uint64_t to) {
  const uint64_t address = slot.address.load(std::memory_order_acquire);
  if (address <= wire::kMappingClaimed || address >= to || address + slot.bytes <= from)
    return MappingKind::none;
  Entry entry = take(slot, address);
  if (entry.address == 0) return MappingKind::none;
  const uint64_t end = entry.address + entry.bytes;
  if (entry.address < from) {
    entry.bytes = from - entry.address;
    enter(entry);
  }
  if (end > to) {
    entry.address = to;
    entry.bytes = end - to;
    enter(entry);
  }
  return entry.kind;
}

}  // namespace

bool start_mapping_table() {
  if (section_capacity<Mapping>(SectionKind::mappings) < wire::kMappingSlots) return false;
  slots = section_start<Mapping>(SectionKind::mappings);
  section_used(SectionKind::mappings).store(wire::kMappingSlots, std::memory_order_relaxed);
  return true;
}

void restart_mapping_table_after_fork() {
  live.store(0, std::memory_order_relaxed);
}

void add_mapping(uint64_t address, uint64_t bytes, uint32_t stack, MappingKind kind) {
  enter({address, bytes, sys::ticks(), stack, kind});
}

MappingKind remove_mappings(uint64_t from, uint64_t to) {
  if (live.load(std::memory_order_relaxed) == 0 || from >= to) return MappingKind::none;
  MappingKind kind = remove_whole(from, to);
  if (kind != MappingKind::none) return kind;
  for (uint64_t first = 0; first < wire::kMappingSlots; first += kSlotsAPage) {
    if (!is_touched(slots + first)) continue;
    for (uint64_t i = first; i < first + kSlotsAPage; ++i) {
      const MappingKind of_slot = cut(slots[i], from, to);
      if (of_slot != MappingKind::none) kind = of_slot;
    }
  }
  return kind;
}

}  // namespace track::core
