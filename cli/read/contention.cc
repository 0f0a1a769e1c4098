// The tables of what waiting cost, and of lock orders.
#include "libtrack/wire/contention.h"

#include <algorithm>
#include <vector>

#include "cli/read/image.h"
#include "libtrack/wire/order.h"

namespace track::read {
namespace {

constexpr uint64_t kMostEntries = uint64_t{1} << 18;
constexpr uint64_t kAtOnce = 1024;  // entries a read

// Calls take(slot) for each entry that is there; of a piece that cannot be read as a whole, for
// those that can.
template <class Slot, class Take>
void each_entry(Image& image, wire::SectionKind kind, const char* what, Take take) {
  const SectionView& section = image.section(kind);
  const uint64_t count = std::min(section.used, kMostEntries);
  uint64_t unreadable = 0;
  std::vector<Copy<Slot>> slots(std::min(kAtOnce, count));
  for (uint64_t first = 0; first < count; first += kAtOnce) {
    const uint64_t n = std::min(kAtOnce, count - first);
    const auto fetch = [&](uint64_t i, uint64_t many) {
      return image.bytes().read(section.offset + (first + i) * sizeof(Slot), &slots[i],
                                many * sizeof(Slot));
    };
    const bool all = fetch(0, n);
    for (uint64_t i = 0; i < n; ++i)
      if ((!all && !fetch(i, 1)) || !take(*slots[i])) ++unreadable;
  }
  if (unreadable != 0)
    image.warn(std::to_string(unreadable) + " " + what + " make no sense and are left out");
}

bool take_contention(Image& image, const wire::ContentionSlot& slot) {
  const uint64_t identity = slot.identity.load(std::memory_order_acquire);
  if (identity == 0) return true;  // only just being made
  const wire::ContentionRole role = wire::contention_role(identity);
  const wire::WaitKind kind = wire::contention_kind(identity);
  if ((role != wire::ContentionRole::waiter && role != wire::ContentionRole::holder) ||
      kind == wire::WaitKind::none || kind > wire::WaitKind::message)
    return false;
  Contention cost;
  cost.role =
      role == wire::ContentionRole::waiter ? ContentionRole::waiter : ContentionRole::holder;
  cost.kind = static_cast<WaitKind>(kind);
  cost.object = wire::contention_object(identity);
  cost.count = slot.count.load(std::memory_order_relaxed);
  cost.total_ns = image.duration_ns(slot.ticks.load(std::memory_order_relaxed));
  cost.longest_ns = image.duration_ns(slot.most_ticks.load(std::memory_order_relaxed));
  cost.first_ns = image.to_ns(slot.first_ticks);
  cost.last_ns = image.to_ns(slot.last_ticks.load(std::memory_order_relaxed));
  cost.created_at = image.stack(slot.created);
  cost.stack = image.stack(slot.stack);
  image.trace().contention.push_back(cost);
  return true;
}

OrderedLock ordered_lock(uint64_t entry, uint32_t birth) {
  return {entry & ~wire::kHeldSortMask, static_cast<HeldSort>(entry & wire::kHeldSortMask), birth};
}

bool take_order(Image& image, const wire::OrderSlot& slot) {
  if (slot.identity.load(std::memory_order_acquire) == 0) return true;
  if (slot.held_count == 0 || slot.held_count > wire::kHeldCapacity) return false;
  LockOrder order;
  order.lock = ordered_lock(slot.lock, slot.birth);
  order.complete = slot.held_count <= wire::kOrderHeld;
  for (uint32_t i = 0; i < std::min(slot.held_count, wire::kOrderHeld); ++i)
    order.held.push_back(ordered_lock(slot.held[i], slot.held_birth[i]));
  order.stack = image.stack(slot.stack);
  for (const wire::OrderWitness& from : slot.witnesses) {
    const uint64_t first = from.first_ticks.load(std::memory_order_acquire);
    const uint32_t task = from.task.load(std::memory_order_relaxed);
    if (first == 0 || task == 0) continue;
    order.witnesses.push_back({task, from.creator.load(std::memory_order_relaxed),
                               image.to_ns(from.created_ticks.load(std::memory_order_relaxed)),
                               image.to_ns(first),
                               image.to_ns(from.last_ticks.load(std::memory_order_relaxed)),
                               image.to_ns(from.ended_ticks.load(std::memory_order_relaxed))});
  }
  image.trace().lock_orders.push_back(std::move(order));
  return true;
}

}  // namespace

void read_contention(Image& image) {
  each_entry<wire::ContentionSlot>(image, wire::SectionKind::contention, "sums of waits",
                                   [&](const auto& slot) { return take_contention(image, slot); });
  each_entry<wire::OrderSlot>(image, wire::SectionKind::order_edges, "lock orders",
                              [&](const auto& slot) { return take_order(image, slot); });
  image.trace().contention_lost = image.header().lost.contention.load(std::memory_order_relaxed);
  image.trace().orders_lost = image.header().lost.orders.load(std::memory_order_relaxed);
}

}  // namespace track::read
