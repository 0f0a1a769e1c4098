#include "libtrack/core/declared.h"

#include "libtrack/core/coroutine_table.h"
#include "libtrack/core/fiber_table.h"
#include "libtrack/core/labels.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/told_coroutines.h"
#include "libtrack/wire/labels.h"

namespace track::core {

using wire::Declared;
using wire::DeclaredSort;
using wire::PoolMember;
using wire::SectionKind;
using wire::ToldThread;

std::atomic<uint32_t> declared_sorts{0};

namespace {

// How far from where its address belongs any entry was ever put: who looks for one need not look
// farther. Nearly always one or two.
constinit std::atomic<uint64_t> farthest{0};

void raise_used(SectionKind kind, uint64_t to) {
  std::atomic<uint64_t>& used = section_used(kind);
  uint64_t seen = used.load(std::memory_order_relaxed);
  while (seen < to && !used.compare_exchange_weak(seen, to, std::memory_order_release)) {
  }
}

// The entries among which that of the address is, or may be put, each of which may be touched.
// look(entry) says whether to go on.
template <class Look>
void each_near(uint64_t address, bool to_put, Look look) {
  auto* entries = section_start<Declared>(SectionKind::declared);
  const uint64_t capacity = section_capacity<Declared>(SectionKind::declared);
  uint64_t at = wire::declared_place(address, capacity);
  const uint64_t far = to_put ? wire::kDeclaredProbes : farthest.load(std::memory_order_acquire);
  for (uint64_t n = 0; n < far && n < capacity; ++n) {
    Declared& entry = entries[at];
    if (to_put ? reserve(&entry, sizeof entry) : is_reserved(&entry))
      if (!look(entry)) return;
    if (++at == capacity) at = 0;
  }
}

void put_at(const Declared* entry, uint64_t address) {
  const uint64_t capacity = section_capacity<Declared>(SectionKind::declared);
  const auto at = static_cast<uint64_t>(entry - section_start<Declared>(SectionKind::declared));
  const uint64_t distance =
      (at + capacity - wire::declared_place(address, capacity)) % capacity + 1;
  uint64_t seen = farthest.load(std::memory_order_relaxed);
  while (seen < distance &&
         !farthest.compare_exchange_weak(seen, distance, std::memory_order_acq_rel)) {
  }
}

bool is_of(const Declared& entry, DeclaredSort sort, uint64_t address) {
  return entry.address.load(std::memory_order_acquire) == address &&
         entry.sort.load(std::memory_order_relaxed) == static_cast<uint32_t>(sort);
}

Declared* find(DeclaredSort sort, uint64_t address) {
  Declared* found = nullptr;
  each_near(address, false, [&](Declared& entry) {
    if (is_of(entry, sort, address)) found = &entry;
    return found == nullptr;
  });
  return found;
}

// When the task at the address was made, as far as the tables of tasks know one there; else 0.
uint64_t made_ticks(uint32_t sort, uint64_t address) {
  if (sort == static_cast<uint32_t>(DeclaredSort::fiber)) {
    const uint32_t fiber = fiber_at(address - 1);
    return fiber == 0 ? 0 : fiber_slot(fiber).created_ticks;
  }
  const FrameCell* cell = find_frame_cell(address);
  const uint32_t index = cell == nullptr ? 0 : cell->load(std::memory_order_relaxed) & kCellIndex;
  return index == 0
             ? 0
             : __atomic_load_n(&recording.coroutines[index - 1].created_ticks, __ATOMIC_RELAXED);
}

// What was said of it was said of an earlier task at the same place.
bool is_stale(const Declared& entry, uint64_t address) {
  const uint32_t sort = entry.sort.load(std::memory_order_relaxed);
  if (sort == static_cast<uint32_t>(DeclaredSort::lock)) return false;
  return made_ticks(sort, address) > entry.ticks.load(std::memory_order_relaxed);
}

// Nobody says here that a coroutine is over which the program does not tell about; of those that
// it tells about an address alone says nothing.
bool is_over(const Declared& entry, uint64_t address) {
  if (wire::is_reference_key(address)) return false;
  const uint32_t sort = entry.sort.load(std::memory_order_relaxed);
  // Of a wait object nothing is lost that is still true: nobody owns it.
  if (sort == static_cast<uint32_t>(DeclaredSort::lock))
    return entry.name.load(std::memory_order_relaxed) == 0 &&
           entry.flags.load(std::memory_order_relaxed) == wire::kToldObject &&
           entry.owner.load(std::memory_order_relaxed) == 0;
  if (is_stale(entry, address)) return true;
  if (sort == static_cast<uint32_t>(DeclaredSort::coroutine) &&
      section_used(SectionKind::told_coroutines).load(std::memory_order_relaxed) != 0)
    return false;
  return made_ticks(sort, address) == 0;
}

// How many times the thing at the address is held by this entry, changed; 0: by none any more, or
// it is another one's. What was there before.
uint32_t change_holds(Declared& entry, uint64_t address, uint32_t by) {
  uint64_t seen = entry.extent.load(std::memory_order_acquire);
  for (;;) {
    const uint32_t holds = wire::task_of_object(address, seen);
    if (holds == 0) return 0;
    if (entry.extent.compare_exchange_weak(seen, wire::object_task(address, holds + by),
                                           std::memory_order_acq_rel))
      return holds;
  }
}

// A free entry, claimed; else that of something that is over.
Declared* claim(uint64_t address) {
  Declared* claimed = nullptr;
  for (const bool take_old : {false, true}) {
    each_near(address, true, [&](Declared& entry) {
      uint64_t there = entry.address.load(std::memory_order_acquire);
      const bool usable =
          there == 0 || (take_old && there != wire::kDeclaredClaimed && is_over(entry, there));
      if (usable && entry.address.compare_exchange_strong(there, wire::kDeclaredClaimed,
                                                          std::memory_order_acq_rel))
        claimed = &entry;
      return claimed == nullptr;
    });
    if (claimed != nullptr) {
      put_at(claimed, address);
      break;
    }
  }
  return claimed;
}

}  // namespace

namespace {

bool add_reference(DeclaredSort sort, uint64_t address, uint64_t extent) {
  Declared* entry = claim(address);
  if (entry == nullptr) {
    count(lost().references);
    return false;
  }
  for (auto* word : {&entry->flags, &entry->name}) word->store(0, std::memory_order_relaxed);
  for (auto* word : {&entry->ticks, &entry->owner, &entry->waker})
    word->store(0, std::memory_order_relaxed);
  entry->sort.store(static_cast<uint32_t>(sort), std::memory_order_relaxed);
  entry->task = this_thread.task;
  entry->extent.store(extent, std::memory_order_release);
  entry->address.store(wire::reference_key(sort, address), std::memory_order_release);
  const auto* first = section_start<Declared>(SectionKind::declared);
  raise_used(SectionKind::declared, static_cast<uint64_t>(entry - first) + 1);
  return true;
}

}  // namespace

bool add_root(uint64_t begin, uint64_t bytes) {
  return add_reference(DeclaredSort::root, begin, bytes);
}

bool remove_root(uint64_t begin, uint64_t bytes) {
  const uint64_t key = wire::reference_key(DeclaredSort::root, begin);
  bool removed = false;
  each_near(begin, false, [&](Declared& entry) {
    uint64_t there = key;
    removed = entry.address.load(std::memory_order_acquire) == key &&
              entry.extent.load(std::memory_order_relaxed) == bytes &&
              entry.address.compare_exchange_strong(there, 0, std::memory_order_acq_rel);
    return !removed;
  });
  return removed;
}

// Up to the first free entry: what is held already, and stands behind that, may have two.
bool hold(uint64_t address) {
  const uint64_t key = wire::reference_key(DeclaredSort::held, address);
  bool held = false;
  each_near(address, false, [&](Declared& entry) {
    const uint64_t there = entry.address.load(std::memory_order_acquire);
    held = there == key && change_holds(entry, address, 1) != 0;
    return !held && there != 0;
  });
  return held || add_reference(DeclaredSort::held, address, wire::object_task(address, 1));
}

bool give_back(uint64_t address) {
  const uint64_t key = wire::reference_key(DeclaredSort::held, address);
  bool given = false;
  each_near(address, false, [&](Declared& entry) {
    if (entry.address.load(std::memory_order_acquire) != key) return true;
    const uint32_t holds = change_holds(entry, address, ~0u);
    // Nobody else takes it away, and until then nobody takes it.
    if (holds == 1) entry.address.store(0, std::memory_order_release);
    given = holds != 0;
    return !given;
  });
  return given;
}

namespace {

// The running thread's entry of a table with one for each thread slot. clear(entry): what an
// earlier thread of the slot said.
template <class Words, class Clear>
Words* own_words(SectionKind kind, Clear clear) {
  const wire::ThreadSlot* slot = this_thread.slot;
  if (slot == nullptr) return nullptr;
  const auto index = static_cast<uint64_t>(slot - recording.threads);
  if (index >= section_capacity<Words>(kind)) return nullptr;
  Words& words = section_start<Words>(kind)[index];
  if (!reserve(&words, sizeof words)) {
    count(lost().labels);
    return nullptr;
  }
  if (words.task.load(std::memory_order_relaxed) != slot->task) {
    words.task.store(0, std::memory_order_release);
    clear(words);
    words.task.store(slot->task, std::memory_order_release);
    raise_used(kind, index + 1);
  }
  return &words;
}

}  // namespace

wire::ToldThread* told_thread() {
  return own_words<ToldThread>(SectionKind::told_threads, [](ToldThread& told) {
    for (auto* word : {&told.flags, &told.name, &told.waits})
      word->store(0, std::memory_order_release);
  });
}

wire::PoolMember* pool_member() {
  return own_words<PoolMember>(SectionKind::pool_members, [](PoolMember& member) {
    member.pool.store(0, std::memory_order_release);
    for (auto* word : {&member.name, &member.jobs, &member.tells_jobs})
      word->store(0, std::memory_order_release);
  });
}

const wire::ToldThread* told_of(const wire::ThreadSlot& slot) {
  const auto index = static_cast<uint64_t>(&slot - recording.threads);
  if (index >= section_capacity<ToldThread>(SectionKind::told_threads)) return nullptr;
  const ToldThread& told = section_start<ToldThread>(SectionKind::told_threads)[index];
  if (!is_reserved(&told) || told.task.load(std::memory_order_acquire) != slot.task) return nullptr;
  return &told;
}

bool declare(DeclaredSort sort, uint64_t address, const char* name, uint32_t set, uint32_t clear) {
  if (address <= wire::kDeclaredClaimed) return false;
  const bool unnamed = name != nullptr && *name == 0;
  const uint32_t text = name == nullptr || unnamed ? 0 : kept_text(name);
  if (name != nullptr && !unnamed && text == 0) return false;
  Declared* entry = find(sort, address);
  if (entry == nullptr) {
    if (text == 0 && set == 0) return true;
    entry = claim(address);
    if (entry == nullptr) {
      count(lost().labels);
      return false;
    }
    declared_sorts.fetch_or(sort_bit(sort), std::memory_order_relaxed);
    entry->flags.store(0, std::memory_order_relaxed);
    entry->name.store(0, std::memory_order_relaxed);
    entry->owner.store(0, std::memory_order_relaxed);
    entry->waker.store(0, std::memory_order_relaxed);
    entry->sort.store(static_cast<uint32_t>(sort), std::memory_order_relaxed);
    entry->task = this_thread.task;
  } else if (is_stale(*entry, address)) {
    entry->flags.store(0, std::memory_order_relaxed);
    entry->name.store(0, std::memory_order_relaxed);
  }
  const uint32_t flags = (entry->flags.load(std::memory_order_relaxed) | set) & ~clear;
  const uint32_t named = name == nullptr ? entry->name.load(std::memory_order_relaxed) : text;
  entry->flags.store(flags, std::memory_order_relaxed);
  entry->name.store(named, std::memory_order_relaxed);
  entry->ticks.store(sys::ticks(), std::memory_order_relaxed);
  entry->address.store(flags == 0 && named == 0 ? 0 : address, std::memory_order_release);
  const auto* first = section_start<Declared>(SectionKind::declared);
  raise_used(SectionKind::declared, static_cast<uint64_t>(entry - first) + 1);
  return true;
}

uint32_t declared_marks(DeclaredSort sort, uint64_t address) {
  if (!any_declared(sort)) return 0;
  const Declared* entry = find(sort, address);
  if (entry == nullptr || is_stale(*entry, address)) return 0;
  return entry->flags.load(std::memory_order_relaxed);
}

// Looked for once, mostly: what is told of has its entry, and where it belongs.
const wire::Declared* declared_lock(uint64_t address) {
  if (!any_declared(DeclaredSort::lock)) return nullptr;
  return address <= wire::kDeclaredClaimed ? nullptr : find(DeclaredSort::lock, address);
}

wire::Declared* wait_object(uint64_t address) {
  if (address <= wire::kDeclaredClaimed) return nullptr;
  if (Declared* entry = find(DeclaredSort::lock, address); entry != nullptr) {
    const uint32_t flags = entry->flags.load(std::memory_order_relaxed);
    if ((flags & wire::kToldObject) == 0)
      entry->flags.store(flags | wire::kToldObject, std::memory_order_relaxed);
    return entry;
  }
  if (!declare(DeclaredSort::lock, address, nullptr, wire::kToldObject, 0)) return nullptr;
  return find(DeclaredSort::lock, address);
}

bool set_owner(uint64_t address, uint32_t owner) {
  wire::Declared* entry = wait_object(address);
  if (entry == nullptr) return false;
  const uint64_t before = entry->owner.load(std::memory_order_relaxed);
  entry->owner.store(wire::object_task(address, owner), std::memory_order_release);
  if (before == 0) return true;
  if (wire::ToldCoroutine* slot = told_owner(wire::task_of_object(address, before)))
    if (slot->owns.load(std::memory_order_relaxed) != 0)
      slot->owns.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

void forget_declared_slow(DeclaredSort sort, uint64_t address) {
  if (!recording_is_ours()) return;
  each_near(address, false, [&](Declared& entry) {
    uint64_t there = address;
    if (is_of(entry, sort, address))
      entry.address.compare_exchange_strong(there, 0, std::memory_order_acq_rel);
    return true;
  });
}

}  // namespace track::core
