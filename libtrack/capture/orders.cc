#include "libtrack/capture/orders.h"

#include "libtrack/capture/births.h"
#include "libtrack/core/cell_table.h"
#include "libtrack/core/sys.h"
#include "libtrack/wire/order.h"

namespace track::capture {
namespace {

using wire::OrderSlot;
using wire::OrderWitness;
using wire::SectionKind;

constinit core::BlockPool caches{sizeof(KnownOrders)};

constinit core::CellTable<2 * wire::kOrderSlots, 64> cells;

OrderSlot* all_slots() {
  return core::section_start<OrderSlot>(SectionKind::order_edges);
}

uint64_t* known_orders() {
  core::ThisThread& self = core::this_thread;
  if (self.orders != nullptr) return self.orders;
  if (!core::options.lock_order) {
    self.orders = core::no_orders;
    return nullptr;
  }
  auto* fresh = static_cast<KnownOrders*>(caches.take());
  if (fresh == nullptr) return nullptr;
  for (uint64_t& key : fresh->keys) key = 0;
  for (uint32_t i = 0; i < kKnownOrders; ++i) fresh->boring_taken[i] = fresh->boring_under[i] = 0;
  fresh->passed_over = 0;
  self.orders = fresh->keys;
  return self.orders;
}

// What the entry of this order says, all but the witnesses.
struct Order {
  uint64_t identity, lock;
  uint32_t birth, held_count, listed;
  uint64_t held[wire::kOrderHeld];
  uint32_t held_birth[wire::kOrderHeld];
};

uint64_t address_of(uint64_t entry) {
  return entry & ~wire::kHeldSortMask;
}
uint32_t birth_at(uint64_t entry) {
  return birth_of(reinterpret_cast<const void*>(address_of(entry))).number;
}

// False: the lock is held already, or nothing is that could be in its way.
bool describe(const wire::ThreadSlot* slot, uint64_t entry, Order& order) {
  const uint32_t count = slot->held_count.load(std::memory_order_relaxed);
  uint64_t held[wire::kHeldCapacity];
  uint32_t n = 0;
  for (uint32_t i = 0; i < count && i < wire::kHeldCapacity; ++i) {
    const uint64_t other = slot->held[i].load(std::memory_order_relaxed);
    if (other == 0) continue;
    if (address_of(other) == address_of(entry)) return false;
    // Taken by another fiber: that one holds it, not who runs now.
    if (slot->held_fiber[i].load(std::memory_order_relaxed) !=
        static_cast<uint16_t>(core::this_thread.fiber))
      continue;
    held[n++] = other;
  }
  if (n == 0) return false;
  order.lock = entry;
  order.birth = birth_at(entry);
  order.held_count = n;
  order.listed = n < wire::kOrderHeld ? n : wire::kOrderHeld;
  uint64_t hash = entry * 0x9e3779b97f4a7c15u ^ order.birth;
  for (uint32_t i = 0; i < n; ++i) hash = (hash ^ held[i]) * 0xbf58476d1ce4e5b9u;
  for (uint32_t i = 0; i < order.listed; ++i) {
    order.held[i] = held[n - order.listed + i];
    order.held_birth[i] = birth_at(order.held[i]);
    hash = (hash ^ order.held_birth[i]) * 0x9e3779b97f4a7c15u;
  }
  order.identity = hash == 0 ? 1 : hash ^ hash >> 31;
  return true;
}

// An entry nobody else knows yet; 0 = the table is full.
uint32_t fresh_entry(const Order& order, const core::Registers& registers) {
  OrderSlot* slots = all_slots();
  auto& used = core::section_used(SectionKind::order_edges);
  const uint64_t capacity = core::section_capacity<OrderSlot>(SectionKind::order_edges);
  uint64_t n = used.load(std::memory_order_relaxed);
  do {
    if (n >= capacity || !core::reserve(slots + n, sizeof(OrderSlot))) return 0;
  } while (!used.compare_exchange_weak(n, n + 1, std::memory_order_relaxed));
  OrderSlot& fresh = slots[n];
  fresh.lock = order.lock;
  fresh.birth = order.birth;
  fresh.held_count = order.held_count;
  for (uint32_t i = 0; i < order.listed; ++i) {
    fresh.held[i] = order.held[i];
    fresh.held_birth[i] = order.held_birth[i];
  }
  fresh.stack = core::capture_stack(registers);
  fresh.identity.store(order.identity, std::memory_order_release);
  return static_cast<uint32_t>(n + 1);
}

// made: nobody had noted this order before.
OrderSlot* find_or_make(const Order& order, const core::Registers& registers, bool& made) {
  OrderSlot* slots = all_slots();
  const uint32_t entry = cells.find_or_make(
      order.identity,
      [&](uint32_t there) {
        return slots[there - 1].identity.load(std::memory_order_acquire) == order.identity;
      },
      [&] {
        const uint32_t fresh = fresh_entry(order, registers);
        made = fresh != 0;
        return fresh;
      });
  return entry == 0 ? nullptr : slots + entry - 1;
}

void add_witness(OrderSlot& order, const wire::ThreadSlot& slot, uint64_t now) {
  const uint32_t task = core::this_thread.task;
  OrderWitness* place = nullptr;
  for (OrderWitness& witness : order.witnesses) {
    uint32_t there = witness.task.load(std::memory_order_relaxed);
    if (there == task) return witness.last_ticks.store(now, std::memory_order_relaxed);
    if (there == 0 &&
        witness.task.compare_exchange_strong(there, task, std::memory_order_relaxed)) {
      place = &witness;
      break;
    }
  }
  // Full: who has ended makes room, one at a time.
  for (uint32_t i = 0; i < wire::kOrderWitnesses && place == nullptr; ++i) {
    OrderWitness& witness = order.witnesses[i];
    uint32_t there = witness.task.load(std::memory_order_relaxed);
    if (witness.ended_ticks.load(std::memory_order_relaxed) != 0 &&
        witness.task.compare_exchange_strong(there, task, std::memory_order_relaxed))
      place = &witness;
  }
  if (place == nullptr) return;
  place->first_ticks.store(0, std::memory_order_release);
  place->creator.store(slot.creator, std::memory_order_relaxed);
  place->created_ticks.store(slot.created_ticks, std::memory_order_relaxed);
  place->last_ticks.store(now, std::memory_order_relaxed);
  place->ended_ticks.store(0, std::memory_order_relaxed);
  place->first_ticks.store(now, std::memory_order_release);
}

}  // namespace

void note_order(const volatile void* lock, wire::HeldSort sort, const core::Registers& registers) {
  wire::ThreadSlot* slot = core::current_slot();
  if (slot == nullptr || slot != core::this_thread.locks) return;
  uint64_t* known = known_orders();
  if (known == nullptr) return;
  core::BusyScope busy;
  const uint64_t entry = held_entry(lock, sort);
  const uint32_t held = slot->held_count.load(std::memory_order_relaxed);
  const uint32_t count = held < wire::kHeldCapacity ? held : wire::kHeldCapacity;
  if (count == 0) return;  // the caller saw some; the set lies where others may write
  KnownOrders& cache = orders_with(known);
  Boredom boredom = boredom_of(cache, slot, count, entry);
  if (cache.passed_over + 1 < boredom.look_at_one_of()) {
    ++cache.passed_over;
    return;
  }
  if (cache.passed_over != 0) core::count(core::lost().orders, cache.passed_over);
  cache.passed_over = 0;
  const uint64_t key = order_key(slot, count, entry);
  Order order;
  if (describe(slot, entry, order)) {
    bool made = false;
    OrderSlot* there = find_or_make(order, registers, made);
    if (there == nullptr)
      core::count(core::lost().orders);
    else
      add_witness(*there, *slot, sys::ticks());
    made ? boredom.learned() : boredom.in_vain();
  }
  // A recursive lock, too, is looked at once.
  known[key >> 58] = key;
}

void forget_orders() {
  uint64_t* known = core::this_thread.orders;
  if (known == nullptr || known == core::no_orders) return;
  for (uint32_t i = 0; i < kKnownOrders; ++i) known[i] = 0;
}

void end_orders() {
  core::ThisThread& self = core::this_thread;
  uint64_t* known = self.orders;
  self.orders = core::no_orders;
  if (known == nullptr || known == core::no_orders) return;
  caches.give(&orders_with(known));
  if (!core::recording_is_ours()) return;
  const uint64_t now = sys::ticks();
  const uint64_t used = core::entries_used<OrderSlot>(SectionKind::order_edges);
  for (uint64_t i = 0; i < used; ++i)
    for (OrderWitness& witness : all_slots()[i].witnesses)
      if (witness.task.load(std::memory_order_relaxed) == self.task)
        witness.ended_ticks.store(now, std::memory_order_relaxed);
}

namespace {
void (*others_at_thread_end)();
}

void start_orders() {
  others_at_thread_end = core::at_thread_end;
  core::at_thread_end = [] {
    if (others_at_thread_end != nullptr) others_at_thread_end();
    end_orders();
  };
}

void restart_orders_after_fork() {
  forget_orders();
  cells.clear();
}

}  // namespace track::capture
