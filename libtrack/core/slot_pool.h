// slot_pool.h: the free slots of a live table: each thread keeps a few, the others are in one list
// of all, a counter against A-B-A above its head. Linked by index + 1 through the slots' creation
// time; a link that cannot be one ends the list.
//
// Callers are inside a BusyScope.
#pragma once

#include <atomic>
#include <cstdint>

#include "libtrack/core/recording.h"
#include "libtrack/core/thread_state.h"

namespace track::core {

template <class Slot, wire::SectionKind kKind, KeptSlots ThisThread::*kKeptBy>
class SlotPool {
 public:
  static constexpr uint32_t kMostIndex = (1u << 24) - 1;

  // index + 1; 0: no room.
  uint32_t take() {
    KeptSlots& kept = this_thread.*kKeptBy;
    if (__builtin_expect(kept.first == 0, 0) && !find_more(kept)) return 0;
    const uint32_t index = kept.first;
    kept.first = next_of(index);
    --kept.count;
    return index;
  }

  // A thread whose end is not seen, or that is past it, keeps none.
  void give(uint32_t index) {
    KeptSlots& kept = this_thread.*kKeptBy;
    keep(kept, index);
    if (__builtin_expect(kept.count > kMostKept || this_thread.gone || this_thread.slot == nullptr,
                         0))
      give_some(kept, kAtOnce);
  }

  // The running thread ends: what it keeps goes to all.
  void give_back() {
    KeptSlots& kept = this_thread.*kKeptBy;
    if (kept.first != 0) give_some(kept, 2 * kMostKept);
    kept = {};
  }

  // In a fork child whose table is empty.
  void forget() {
    free_.store(0, std::memory_order_relaxed);
    this_thread.*kKeptBy = {};
  }

  static Slot& slot(uint32_t index) { return section_start<Slot>(kKind)[index - 1]; }

 private:
  static constexpr uint32_t kMostKept = 64;
  static constexpr uint32_t kAtOnce =
      32;  // that a thread takes from the section, or gives, at once

  static uint32_t next_of(uint32_t index) {
    const uint64_t next = __atomic_load_n(&slot(index).created_ticks, __ATOMIC_RELAXED);
    return next <= section_capacity<Slot>(kKind) ? static_cast<uint32_t>(next) : 0;
  }
  static void set_next(uint32_t index, uint32_t next) {
    __atomic_store_n(&slot(index).created_ticks, next, __ATOMIC_RELAXED);
  }

  void push_chain(uint32_t first, uint32_t last) {
    uint64_t head = free_.load(std::memory_order_relaxed);
    do {
      set_next(last, static_cast<uint32_t>(head));
    } while (!free_.compare_exchange_weak(head, ((head >> 32) + 1) << 32 | first,
                                          std::memory_order_acq_rel));
  }

  uint32_t pop() {
    uint64_t head = free_.load(std::memory_order_acquire);
    while (static_cast<uint32_t>(head) != 0) {
      const auto first = static_cast<uint32_t>(head);
      if (free_.compare_exchange_weak(head, ((head >> 32) + 1) << 32 | next_of(first),
                                      std::memory_order_acq_rel))
        return first;
    }
    return 0;
  }

  static void keep(KeptSlots& kept, uint32_t index) {
    set_next(index, kept.first);
    kept.first = index;
    ++kept.count;
  }

  // Space is reserved before slots are handed out: those without stay for when there is some.
  bool find_more(KeptSlots& kept) {
    kept.count = 0;
    for (uint32_t i = 0; i < kAtOnce; ++i) {
      const uint32_t index = pop();
      if (index == 0) break;
      keep(kept, index);
    }
    if (kept.first != 0) return true;
    auto& used = section_used(kKind);
    const uint64_t capacity = section_capacity<Slot>(kKind);
    uint64_t first = used.load(std::memory_order_relaxed);
    do {
      // The count is in the file: it may be anything.
      if (first >= capacity || first + kAtOnce > capacity || first + kAtOnce >= kMostIndex)
        return false;
      if (!reserve(section_start<Slot>(kKind) + first, kAtOnce * sizeof(Slot))) return false;
    } while (!used.compare_exchange_weak(first, first + kAtOnce, std::memory_order_relaxed));
    for (uint64_t i = first + kAtOnce; i > first; --i) keep(kept, static_cast<uint32_t>(i));
    return true;
  }

  void give_some(KeptSlots& kept, uint32_t n) {
    const uint32_t first = kept.first;
    if (first == 0) return;
    uint32_t last = first, given = 1;
    for (uint32_t next = next_of(last); given < n && next != 0; next = next_of(last), ++given)
      last = next;
    kept.first = next_of(last);
    kept.count -= given;
    push_chain(first, last);
  }

  std::atomic<uint64_t> free_{0};
};

}  // namespace track::core
