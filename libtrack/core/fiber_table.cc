// From an address to its fiber: a page table of two levels, one 32-bit cell for each page of every
// fiber's stack, so that a switch costs two loads however many fibers there are. Stacks in malloc's
// blocks share their first and last page with a neighbour: the cell names one of the two, and a
// miss looks at the pages beside it.
#include "libtrack/core/fiber_table.h"

#include <sys/mman.h>

#include "libtrack/core/coroutine_table.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_state.h"

namespace track::core {

std::atomic<bool> any_fibers{false};

namespace {

using wire::FiberSlot;
using wire::FiberState;
using wire::SectionKind;
using Cell = std::atomic<uint32_t>;

constexpr uint64_t kPageBits = 12;
constexpr uint64_t kLeafBits = 18;  // a leaf covers 1 GiB
constexpr uint64_t kTopBits = 47 - kPageBits - kLeafBits;
constexpr uint64_t kMostPages = 1 << 16;  // stacks of more than 256 MiB are known by their top end

std::atomic<std::atomic<Cell*>*> top;
std::atomic<uint64_t> free_slots;  // index + 1 in the low half, a counter against A-B-A above

// Lazily touched pages of the kernel's; two threads may both map, one gives its pages back.
template <class T>
T* map_once(std::atomic<T*>& place, uint64_t count) {
  if (T* there = place.load(std::memory_order_acquire)) return there;
  void* fresh = sys::map(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
  if (sys::map_failed(fresh)) return nullptr;
  T* expected = nullptr;
  if (place.compare_exchange_strong(expected, static_cast<T*>(fresh), std::memory_order_acq_rel))
    return static_cast<T*>(fresh);
  sys::unmap(fresh, count * sizeof(T));
  return expected;
}

Cell* cell_of(uint64_t page, bool make) {
  if (page >> (kTopBits + kLeafBits) != 0) return nullptr;
  std::atomic<Cell*>* leaves =
      make ? map_once(top, uint64_t{1} << kTopBits) : top.load(std::memory_order_acquire);
  if (leaves == nullptr) return nullptr;
  std::atomic<Cell*>& place = leaves[page >> kLeafBits];
  Cell* leaf =
      make ? map_once(place, uint64_t{1} << kLeafBits) : place.load(std::memory_order_acquire);
  return leaf == nullptr ? nullptr : leaf + (page & ((uint64_t{1} << kLeafBits) - 1));
}

bool holds(uint32_t fiber, uint64_t address) {
  if (fiber == 0) return false;
  const FiberSlot& slot = fiber_slot(fiber);
  return address - slot.stack_low < slot.stack_high - slot.stack_low;
}

uint64_t first_page(const FiberSlot& slot) {
  const uint64_t first = slot.stack_low >> kPageBits, last = (slot.stack_high - 1) >> kPageBits;
  return last - first >= kMostPages ? last - kMostPages + 1 : first;
}

uint32_t take_slot() {
  uint64_t head = free_slots.load(std::memory_order_acquire);
  while (static_cast<uint32_t>(head) != 0) {
    const FiberSlot& slot = fiber_slot(static_cast<uint32_t>(head));
    uint32_t after = slot.next_free.load(std::memory_order_relaxed);
    if (after > section_capacity<FiberSlot>(SectionKind::fibers)) after = 0;  // nothing we wrote
    const uint64_t next = ((head >> 32) + 1) << 32 | after;
    if (free_slots.compare_exchange_weak(head, next, std::memory_order_acq_rel))
      return static_cast<uint32_t>(head);
  }
  auto& used = section_used(SectionKind::fibers);
  uint64_t index = used.load(std::memory_order_relaxed);
  do {
    if (index >= section_capacity<FiberSlot>(SectionKind::fibers)) return 0;
    if (!reserve(recording.fibers + index, sizeof(FiberSlot))) return 0;
  } while (!used.compare_exchange_weak(index, index + 1, std::memory_order_relaxed));
  return static_cast<uint32_t>(index + 1);
}

void give_slot(uint32_t fiber) {
  FiberSlot& slot = fiber_slot(fiber);
  uint64_t head = free_slots.load(std::memory_order_relaxed);
  do {
    slot.next_free.store(static_cast<uint32_t>(head), std::memory_order_relaxed);
  } while (!free_slots.compare_exchange_weak(head, ((head >> 32) + 1) << 32 | fiber,
                                             std::memory_order_acq_rel));
}

}  // namespace

uint32_t claim_fiber(uint64_t low, uint64_t high) {
  if (low >= high || high >> 47 != 0) return 0;
  release_fibers_between(low, high);
  if (const uint32_t under = fiber_at(low)) release_fiber(under);
  const uint32_t fiber = take_slot();
  if (fiber == 0) {
    count(lost().fibers);
    return 0;
  }
  FiberSlot& slot = fiber_slot(fiber);
  slot.stack_low = low;
  slot.stack_high = high;
  const uint64_t last = (high - 1) >> kPageBits;
  for (uint64_t page = first_page(slot); page <= last; ++page) {
    Cell* cell = cell_of(page, true);
    if (cell == nullptr) {  // what is in place already is no fiber's any more
      count(lost().fibers);
      slot.stack_low = slot.stack_high = 0;
      give_slot(fiber);
      return 0;
    }
    cell->store(fiber, std::memory_order_release);
  }
  watch_block(low);
  any_fibers.store(true, std::memory_order_relaxed);
  return fiber;
}

uint32_t fiber_at(uint64_t address) {
  if (!any_fibers.load(std::memory_order_relaxed)) return 0;
  const uint64_t page = address >> kPageBits;
  for (const uint64_t p : {page, page - 1, page + 1}) {
    const Cell* cell = cell_of(p, false);
    const uint32_t fiber = cell == nullptr ? 0 : cell->load(std::memory_order_acquire);
    if (holds(fiber, address) &&
        fiber_slot(fiber).state.load(std::memory_order_acquire) != FiberState::free)
      return fiber;
  }
  return 0;
}

void release_fiber(uint32_t fiber) {
  FiberSlot& slot = fiber_slot(fiber);
  if (slot.state.exchange(FiberState::free, std::memory_order_acq_rel) == FiberState::free) return;
  unwatch_block(slot.stack_low);
  const uint64_t last = (slot.stack_high - 1) >> kPageBits;
  for (uint64_t page = first_page(slot); page <= last; ++page) {
    uint32_t mine = fiber;
    if (Cell* cell = cell_of(page, false))
      cell->compare_exchange_strong(mine, 0, std::memory_order_relaxed);
  }
  count(counters().fibers_gone);
  give_slot(fiber);
}

void release_fibers_between(uint64_t low, uint64_t high) {
  if (!any_fibers.load(std::memory_order_relaxed)) return;
  for (uint64_t page = low >> kPageBits; page <= (high - 1) >> kPageBits; ++page) {
    const Cell* cell = cell_of(page, false);
    if (cell == nullptr) {  // nothing in this whole leaf
      page |= (uint64_t{1} << kLeafBits) - 1;
      continue;
    }
    const uint32_t fiber = cell->load(std::memory_order_acquire);
    if (fiber != 0 && fiber_slot(fiber).stack_low - low < high - low) release_fiber(fiber);
  }
}

void forget_fibers_after_fork() {
  const uint64_t used = entries_used<FiberSlot>(SectionKind::fibers);
  for (uint32_t fiber = 1; fiber <= used; ++fiber) release_fiber(fiber);
  this_thread.fiber = 0;
}

}  // namespace track::core
