#include "libtrack/core/thread_slots.h"

#include "libtrack/core/labels.h"
#include "libtrack/core/memory.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_state.h"

namespace track::core {

namespace {

using wire::SectionKind;
using wire::ThreadSlot;
using wire::ThreadState;

// Free list of slots: index + 1 in the low half, a counter against A-B-A above it.
std::atomic<uint64_t> free_slots{0};
std::atomic<uint32_t>* next_free;
std::atomic<uint32_t>* pins;

uint32_t pop_free_slot() {
  uint64_t head = free_slots.load(std::memory_order_acquire);
  while (static_cast<uint32_t>(head) != 0) {
    const uint32_t index = static_cast<uint32_t>(head) - 1;
    const uint64_t next = next_free[index].load(std::memory_order_relaxed);
    if (free_slots.compare_exchange_weak(head, ((head >> 32) + 1) << 32 | next,
                                         std::memory_order_acq_rel))
      return index;
  }
  auto& used = section_used(SectionKind::threads);
  const uint64_t capacity = section_capacity<ThreadSlot>(SectionKind::threads);
  uint64_t index = used.load(std::memory_order_relaxed);
  do {
    if (index >= capacity) return UINT32_MAX;
    if (!reserve(recording.threads + index, sizeof(ThreadSlot))) return UINT32_MAX;
  } while (!used.compare_exchange_weak(index, index + 1, std::memory_order_relaxed));
  return static_cast<uint32_t>(index);
}

void push_free_slot(uint32_t index) {
  uint64_t head = free_slots.load(std::memory_order_relaxed);
  do {
    next_free[index].store(static_cast<uint32_t>(head), std::memory_order_relaxed);
  } while (!free_slots.compare_exchange_weak(head, ((head >> 32) + 1) << 32 | (index + 1),
                                             std::memory_order_acq_rel));
}

void reset_slot(ThreadSlot* slot) {
  slot->sequence.fetch_add(1, std::memory_order_acq_rel);
  slot->task = recording.header->next_task.fetch_add(1, std::memory_order_relaxed);
  slot->creator = this_thread.task;
  slot->created_labels = current_labels();
  slot->labels.store(slot->created_labels, std::memory_order_relaxed);
  slot->flags.store(0, std::memory_order_relaxed);
  slot->tid.store(0, std::memory_order_relaxed);
  slot->pthread.store(0, std::memory_order_relaxed);
  slot->joiner.store(0, std::memory_order_relaxed);
  slot->created_ticks = sys::ticks();
  slot->started_ticks = 0;
  slot->ended_ticks.store(0, std::memory_order_relaxed);
  slot->created_stack = 0;
  slot->stack_kib = 0;
  slot->start_routine = 0;
  slot->name[0] = 0;
  slot->wait.kind = wire::WaitKind::none;
  slot->held_count.store(0, std::memory_order_relaxed);
  lost().held.fetch_sub(slot->held_lost.exchange(0, std::memory_order_relaxed),
                        std::memory_order_relaxed);
  slot->stack_low = slot->stack_high = 0;
  slot->sequence.fetch_add(1, std::memory_order_release);
}

}  // namespace

bool make_slots() {
  const uint64_t capacity = section_capacity<ThreadSlot>(SectionKind::threads);
  next_free = static_cast<std::atomic<uint32_t>*>(allocate(capacity * 4));
  pins = static_cast<std::atomic<uint32_t>*>(allocate(capacity * 4));
  return next_free != nullptr && pins != nullptr;
}

uint32_t slot_index(const ThreadSlot* slot) {
  return static_cast<uint32_t>(slot - recording.threads);
}

void free_slot(ThreadSlot* slot) {
  auto& c = counters();
  count(c.coroutines_created_by_gone, slot->coroutines_created.load(std::memory_order_relaxed));
  count(c.coroutines_destroyed_by_gone, slot->coroutines_destroyed.load(std::memory_order_relaxed));
  count(c.waits_by_gone, slot->waits.load(std::memory_order_relaxed));
  slot->coroutines_created.store(0, std::memory_order_relaxed);
  slot->coroutines_destroyed.store(0, std::memory_order_relaxed);
  slot->waits.store(0, std::memory_order_relaxed);
  slot->state.store(ThreadState::free, std::memory_order_release);
  push_free_slot(slot_index(slot));
}

bool holds_any(const ThreadSlot* slot) {
  const uint32_t n = slot->held_count.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < n && i < wire::kHeldCapacity; ++i)
    if (slot->held[i].load(std::memory_order_seq_cst) != 0) return true;
  return false;
}

ThreadSlot* claim_slot(uint32_t pin_count) {
  const uint32_t index = pop_free_slot();
  if (index == UINT32_MAX) {
    count(lost().tasks);
    return nullptr;
  }
  one_thread.store(false, std::memory_order_relaxed);
  ThreadSlot* slot = recording.threads + index;
  pins[index].store(pin_count, std::memory_order_relaxed);
  slot->state.store(ThreadState::claimed, std::memory_order_relaxed);
  reset_slot(slot);
  return slot;
}

wire::HeldSince* held_since(const ThreadSlot* slot) {
  if (slot_index(slot) >= section_capacity<wire::HeldSince>(SectionKind::held_since))
    return nullptr;
  auto* since = section_start<wire::HeldSince>(SectionKind::held_since) + slot_index(slot);
  return reserve(since, sizeof *since) ? since : nullptr;
}

void unpin(ThreadSlot* slot, uint32_t n) {
  if (pins[slot_index(slot)].fetch_sub(n, std::memory_order_acq_rel) == n) free_slot(slot);
}

void unpin_if_nothing_held(ThreadSlot* slot) {
  if (slot->state.load(std::memory_order_seq_cst) != ThreadState::ended || holds_any(slot)) return;
  if (slot->held_count.exchange(0, std::memory_order_acq_rel) != 0) unpin(slot);
}

bool release_handle(ThreadSlot* slot, uint32_t flag) {
  constexpr uint32_t kOver = wire::kThreadDetached | wire::kThreadJoined;
  const uint32_t before = slot->flags.fetch_or(flag, std::memory_order_acq_rel);
  if ((before & (kOver | wire::kThreadAdopted | wire::kThreadMain)) != 0) return false;
  unpin(slot);
  return true;
}

}  // namespace track::core
