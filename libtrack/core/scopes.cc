#include "libtrack/core/scopes.h"

#include "libtrack/core/labels.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/text.h"
#include "libtrack/wire/labels.h"
#include "libtrack/wire/told.h"

namespace track::core {

using wire::ScopeSlot;
using wire::ScopeState;
using wire::SectionKind;

std::atomic<uint32_t> scope_waiters{0};
std::atomic<uint32_t> scope_event{0};

namespace {

constexpr uint32_t kSetMask = wire::kLabelSets - 1;
constexpr unsigned kGenerationShift = 15;
constexpr uint32_t kGenerationMask = (1u << 17) - 1;

// Ended scopes whose slots nobody has asked for yet: at so many they are looked through.
constexpr uint32_t kEndedMost = 32;
std::atomic<uint32_t> ended_since{0};
std::atomic<bool> any_scopes{false};
// Process that looks for free slots just now: a fork child is another one than its parent's.
std::atomic<int32_t> seeker{0};

uint32_t capacity() {
  const uint64_t there = section_capacity<ScopeSlot>(SectionKind::scopes);
  return there < wire::kScopeSlots ? static_cast<uint32_t>(there) : wire::kScopeSlots;
}

// Of slots that were used; null: there never was one.
ScopeSlot* slot_at(uint32_t slot) {
  if (slot == 0 || slot >= capacity()) return nullptr;
  ScopeSlot* place = section_start<ScopeSlot>(SectionKind::scopes) + slot;
  return is_reserved(place) ? place : nullptr;
}

bool has_scope(ScopeState state) {
  return state == ScopeState::open || state == ScopeState::ended || state == ScopeState::sought;
}

struct Carried {
  uint64_t words[wire::kScopeSlots / 64] = {};
  void add(uint32_t slot) { words[slot / 64] |= uint64_t{1} << slot % 64; }
  bool has(uint32_t slot) const { return (words[slot / 64] >> slot % 64 & 1) != 0; }
};

// Most tasks have the set of the one before.
class Carriers {
 public:
  explicit Carriers(Carried& carried) : carried_(carried) {}
  void add(uint32_t set) {
    if (set == 0 || set == known_) return;
    known_ = set;
    if (const uint32_t slot = scope_of_labels(set); slot != 0) carried_.add(slot);
  }

 private:
  Carried& carried_;
  uint32_t known_ = 0;
};

void find_carriers(Carried& carried) {
  Carriers carriers(carried);
  const uint64_t threads = entries_used<wire::ThreadSlot>(SectionKind::threads);
  for (uint64_t i = 0; i < threads; ++i) {
    const wire::ThreadSlot& slot = recording.threads[i];
    if (slot.state.load(std::memory_order_acquire) == wire::ThreadState::free) continue;
    carriers.add(__atomic_load_n(&slot.created_labels, __ATOMIC_RELAXED));
    carriers.add(slot.labels.load(std::memory_order_relaxed));
  }
  const uint64_t fibers = entries_used<wire::FiberSlot>(SectionKind::fibers);
  for (uint64_t i = 0; i < fibers; ++i) {
    const wire::FiberSlot& slot = recording.fibers[i];
    if (slot.state.load(std::memory_order_acquire) == wire::FiberState::free) continue;
    carriers.add(__atomic_load_n(&slot.created_labels, __ATOMIC_RELAXED));
    carriers.add(slot.labels.load(std::memory_order_relaxed));
  }
  const uint64_t frames = entries_used<wire::CoroutineSlot>(SectionKind::coroutines);
  for (uint64_t i = 0; i < frames; ++i) {
    const wire::CoroutineSlot& slot = recording.coroutines[i];
    if (slot.address.load(std::memory_order_acquire) == 0) continue;
    carriers.add(__atomic_load_n(&slot.site, __ATOMIC_RELAXED) >> wire::kSiteLabelShift &
                 wire::kSiteLabelMask);
  }
  const auto* told = section_start<wire::ToldCoroutine>(SectionKind::told_coroutines);
  const uint64_t told_used = entries_used<wire::ToldCoroutine>(SectionKind::told_coroutines);
  for (uint64_t i = 0; i < told_used; ++i)
    if (told[i].frame.load(std::memory_order_acquire) != 0)
      carriers.add(__atomic_load_n(&told[i].labels, __ATOMIC_RELAXED));
}

void keep_parents(Carried& carried) {
  for (uint32_t slot = 1; slot < capacity(); ++slot) {
    const ScopeSlot* place = slot_at(slot);
    if (place == nullptr) continue;
    const ScopeState state = place->state.load(std::memory_order_acquire);
    if (state == ScopeState::free || (state == ScopeState::sought && !carried.has(slot))) continue;
    uint32_t parent = place->parent.load(std::memory_order_relaxed);
    for (uint32_t steps = 0; parent != 0 && parent < capacity() && steps < capacity(); ++steps) {
      carried.add(parent);
      const ScopeSlot* around = slot_at(parent);
      parent = around == nullptr ? 0 : around->parent.load(std::memory_order_relaxed);
    }
  }
}

// Frees the slots of ended scopes whose label no task has. Who takes a label into use that it kept
// (labels_of_told) says so before it looks at the slot, and the slot is marked here before the
// tasks are looked at: one of the two sees the other. What a task hands on to one it makes is seen
// with the one or with the other; a second look is for those that are made while the first one
// passes.
void free_ended() {
  const int32_t self = recording.pid;
  int32_t other = seeker.load(std::memory_order_relaxed);
  if (other == self || !seeker.compare_exchange_strong(other, self, std::memory_order_acq_rel))
    return;
  ended_since.store(0, std::memory_order_relaxed);
  for (uint32_t slot = 1; slot < capacity(); ++slot)
    if (ScopeSlot* place = slot_at(slot)) {
      auto ended = ScopeState::ended;
      place->state.compare_exchange_strong(ended, ScopeState::sought, std::memory_order_seq_cst);
    }
  std::atomic_thread_fence(std::memory_order_seq_cst);
  Carried carried;
  find_carriers(carried);
  find_carriers(carried);
  keep_parents(carried);
  for (uint32_t slot = 1; slot < capacity(); ++slot) {
    ScopeSlot* place = slot_at(slot);
    if (place == nullptr || place->state.load(std::memory_order_relaxed) != ScopeState::sought)
      continue;
    place->state.store(carried.has(slot) ? ScopeState::ended : ScopeState::free,
                       std::memory_order_seq_cst);
  }
  seeker.store(0, std::memory_order_release);
}

uint32_t claim_slot_for_scope() {
  if (ended_since.load(std::memory_order_relaxed) >= kEndedMost) free_ended();
  for (const bool again : {false, true}) {
    if (again) free_ended();
    auto* slots = section_start<ScopeSlot>(SectionKind::scopes);
    for (uint32_t slot = 1; slot < capacity(); ++slot) {
      if (!reserve(slots + slot, sizeof *slots)) return 0;
      auto free = ScopeState::free;
      if (slots[slot].state.load(std::memory_order_relaxed) == free &&
          slots[slot].state.compare_exchange_strong(free, ScopeState::claimed,
                                                    std::memory_order_acq_rel))
        return slot;
    }
  }
  return 0;
}

// The set with another scope; slot 0: with none.
uint32_t labels_in(uint32_t set, uint32_t slot) {
  if (slot == 0) return labels_with(set, wire::kScopeKey, nullptr);
  char digits[24];
  Text(digits, sizeof digits).add(uint64_t{slot});
  return labels_with(set, wire::kScopeKey, digits);
}

}  // namespace

uint64_t open_scope(const char* name, uint32_t stack) {
  const uint32_t text = name == nullptr || *name == 0 ? 0 : kept_text(name);
  const uint32_t slot = claim_slot_for_scope();
  if (slot == 0) {
    count(lost().labels);
    return 0;
  }
  any_scopes.store(true, std::memory_order_relaxed);
  ScopeSlot& place = section_start<ScopeSlot>(SectionKind::scopes)[slot];
  const uint32_t around = current_labels(), inside = labels_in(around, slot);
  if (inside == kNoRoom) {
    place.state.store(ScopeState::free, std::memory_order_release);
    return 0;
  }
  uint32_t generation = place.generation.load(std::memory_order_relaxed) + 1;
  if ((generation & kGenerationMask) == 0) ++generation;
  place.generation.store(generation, std::memory_order_relaxed);
  place.name.store(text, std::memory_order_relaxed);
  place.parent.store(scope_of_labels(around), std::memory_order_relaxed);
  place.opener.store(this_thread.task, std::memory_order_relaxed);
  place.ender.store(0, std::memory_order_relaxed);
  place.ended_ticks.store(0, std::memory_order_relaxed);
  place.stack.store(stack, std::memory_order_relaxed);
  place.opened_ticks.store(sys::ticks(), std::memory_order_relaxed);
  place.state.store(ScopeState::open, std::memory_order_release);
  std::atomic<uint64_t>& used = section_used(SectionKind::scopes);
  uint64_t seen = used.load(std::memory_order_relaxed);
  while (seen <= slot && !used.compare_exchange_weak(seen, slot + 1, std::memory_order_release)) {
  }
  use_labels(inside);
  return uint64_t{generation} << 32 | slot;
}

uint32_t scope_slot(uint64_t scope) {
  const auto slot = static_cast<uint32_t>(scope);
  const ScopeSlot* place = slot_at(slot);
  if (place == nullptr || !has_scope(place->state.load(std::memory_order_acquire)) ||
      place->generation.load(std::memory_order_relaxed) != scope >> 32)
    return 0;
  return slot;
}

bool end_scope(uint64_t scope) {
  const uint32_t slot = scope_slot(scope);
  if (slot == 0) return false;
  ScopeSlot& place = *slot_at(slot);
  const uint32_t parent = place.parent.load(std::memory_order_relaxed);
  // The first of two that end it at once is the one.
  uint64_t never = 0;
  if (place.state.load(std::memory_order_acquire) != ScopeState::open ||
      !place.ended_ticks.compare_exchange_strong(never, sys::ticks(), std::memory_order_acq_rel))
    return false;
  place.ender.store(this_thread.task, std::memory_order_relaxed);
  const uint32_t set = current_labels();
  if (scope_of_labels(set) == slot) {
    uint32_t outside = labels_in(set, parent);
    if (outside == kNoRoom) outside = labels_in(set, 0);
    if (outside != kNoRoom) use_labels(outside);
  }
  place.state.store(ScopeState::ended, std::memory_order_seq_cst);
  ended_since.fetch_add(1, std::memory_order_relaxed);
  return true;
}

uint32_t scope_of_labels(uint32_t set) {
  if (set == 0 || !any_scopes.load(std::memory_order_relaxed)) return 0;
  const char* digits = label_value(set, wire::kScopeKey);
  uint32_t slot = 0;
  for (int i = 0; digits != nullptr && i < 5 && digits[i] >= '0' && digits[i] <= '9'; ++i)
    slot = slot * 10 + static_cast<uint32_t>(digits[i] - '0');
  return slot < capacity() ? slot : 0;
}

bool is_within_scope(uint32_t slot, uint32_t outer) {
  for (uint32_t steps = 0; slot != 0 && steps < capacity(); ++steps) {
    if (slot == outer) return true;
    const ScopeSlot* place = slot_at(slot);
    slot = place == nullptr ? 0 : place->parent.load(std::memory_order_relaxed);
  }
  return false;
}

uint32_t told_labels(uint32_t set) {
  const uint32_t slot = scope_of_labels(set);
  const ScopeSlot* place = slot_at(slot);
  if (place == nullptr) return set;
  const uint32_t generation = place->generation.load(std::memory_order_relaxed) & kGenerationMask;
  return generation << kGenerationShift | set;
}

uint32_t labels_of_told(uint32_t told) {
  const uint32_t set = told & kSetMask;
  const uint32_t slot = scope_of_labels(set);
  if (slot == 0) return set == told ? set : kNoRoom;
  const ScopeSlot* place = slot_at(slot);
  if (place != nullptr && has_scope(place->state.load(std::memory_order_acquire)) &&
      told_labels(set) == told)
    return set;
  const uint32_t without = labels_in(set, 0);
  return without == kNoRoom ? 0 : without;
}

bool scope_in_doubt(uint32_t told) {
  const uint32_t slot = scope_of_labels(told & kSetMask);
  if (slot == 0) return false;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const ScopeSlot* place = slot_at(slot);
  const ScopeState state = place == nullptr ? ScopeState::free : place->state.load();
  return (state != ScopeState::open && state != ScopeState::ended) ||
         told_labels(told & kSetMask) != told;
}

void tell_scope_waiters() {
  scope_event.fetch_add(1, std::memory_order_seq_cst);
  sys::futex_wake(&scope_event);
}

}  // namespace track::core
