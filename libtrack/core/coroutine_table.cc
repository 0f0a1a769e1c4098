#include "libtrack/core/coroutine_table.h"

#include <sys/single_threaded.h>

#include "libtrack/core/memory.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/sys.h"

namespace track::core {

alignas(64) uint8_t coroutine_filter[1u << kFilterBits];

namespace {

using wire::CoroutineSlot;
using wire::SectionKind;

constexpr uint32_t kShardBits = 6;
constexpr uint32_t kIndexBits = 24;
constexpr uint64_t kIndexMask = (1u << kIndexBits) - 1;
constexpr uint32_t kBatch = 64;  // slots a shard takes from the section at a time

// A place is 40 bits of the address' hash over the slot's index + 1; 0 = empty.
struct alignas(64) Shard {
  std::atomic<uint32_t> locked;
  std::atomic<bool> given_up;  // the lock was not to be had in bounded time
  uint32_t mask;               // capacity - 1
  uint32_t count;
  uint32_t free_slot;  // index + 1 of the first free slot; linked through created_ticks
  uint32_t batch_next;
  uint32_t batch_end;
  uint64_t* places;
};
Shard shards[1u << kShardBits];

Shard& shard_of(uint64_t hash) {
  return shards[hash >> (64 - kShardBits)];
}
uint8_t& filter_of(uint64_t hash) {
  return coroutine_filter[hash >> (64 - kFilterBits)];
}
uint64_t tag_of(uint64_t hash) {
  return hash << kIndexBits;
}
uint64_t home_of(uint64_t hash) {
  return hash >> 20;
}

// A holder that never comes back (a handler jumped out of it) is waited for once.
bool lock_contended(Shard& shard) {
  const uint32_t patience = shard.given_up ? 1000 : 100000;
  for (uint32_t spin = 0; spin < patience; ++spin) {
    if (shard.locked.load(std::memory_order_relaxed) == 0 &&
        shard.locked.exchange(1, std::memory_order_acquire) == 0) {
      shard.given_up = false;
      return true;
    }
    if (spin > 1000) sys::call(SYS_sched_yield);
    __builtin_ia32_pause();
  }
  shard.given_up = true;
  count(lost().coroutines);
  return false;
}
inline bool lock(Shard& shard) {
  // Without a second thread a plain store will do: a signal handler either keeps out (BusyScope) or
  // is over before the code it interrupted goes on.
  if (__libc_single_threaded && shard.locked.load(std::memory_order_relaxed) == 0) {
    shard.locked.store(1, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    return true;
  }
  if (__builtin_expect(shard.locked.exchange(1, std::memory_order_acquire) == 0, 1)) return true;
  return lock_contended(shard);
}
void unlock(Shard& shard) {
  shard.locked.store(0, std::memory_order_release);
}

CoroutineSlot* take_slot(Shard& shard, uint32_t* index) {
  if (shard.free_slot != 0) {
    *index = shard.free_slot - 1;
    CoroutineSlot& slot = recording.coroutines[*index];
    shard.free_slot = static_cast<uint32_t>(slot.created_ticks);
    return &slot;
  }
  if (shard.batch_next == shard.batch_end) {
    auto& used = section(SectionKind::coroutines).used;
    const uint64_t capacity = section_capacity<CoroutineSlot>(SectionKind::coroutines);
    uint64_t first = used.load(std::memory_order_relaxed);
    do {
      if (first + kBatch > capacity || first + kBatch >= kIndexMask) return nullptr;
      // Before it is handed out: a batch without room stays for when there is some.
      if (!reserve(recording.coroutines + first, kBatch * sizeof(CoroutineSlot))) return nullptr;
    } while (!used.compare_exchange_weak(first, first + kBatch, std::memory_order_relaxed));
    shard.batch_next = static_cast<uint32_t>(first);
    shard.batch_end = static_cast<uint32_t>(first) + kBatch;
  }
  *index = shard.batch_next++;
  return &recording.coroutines[*index];
}

bool grow(Shard& shard) {
  const uint32_t capacity = shard.places == nullptr ? 64 : (shard.mask + 1) * 2;
  auto* places = static_cast<uint64_t*>(allocate(capacity * 8));
  if (places == nullptr) return false;
  for (uint32_t i = 0; shard.places != nullptr && i <= shard.mask; ++i) {
    const uint64_t place = shard.places[i];
    if (place == 0) continue;
    const CoroutineSlot& slot = recording.coroutines[(place & kIndexMask) - 1];
    const uint64_t hash = address_hash(slot.address.load(std::memory_order_relaxed));
    uint64_t at = home_of(hash) & (capacity - 1);
    while (places[at] != 0) at = (at + 1) & (capacity - 1);
    places[at] = place;
  }
  __atomic_store_n(&shard.places, places, __ATOMIC_RELAXED);
  shard.mask = capacity - 1;
  return true;
}

// The place of the address, or the empty one where it would go.
uint64_t find(const Shard& shard, uint64_t hash, uint64_t address, bool* found) {
  uint64_t at = home_of(hash) & shard.mask;
  for (;; at = (at + 1) & shard.mask) {
    const uint64_t place = shard.places[at];
    if (place == 0) {
      *found = false;
      return at;
    }
    if ((place & ~kIndexMask) == tag_of(hash) &&
        recording.coroutines[(place & kIndexMask) - 1].address.load(std::memory_order_relaxed) ==
            address) {
      *found = true;
      return at;
    }
  }
}

// Linear probing without tombstones: move later members of the run back.
void remove_place(Shard& shard, uint64_t at) {
  uint64_t hole = at;
  for (uint64_t next = (at + 1) & shard.mask; shard.places[next] != 0;
       next = (next + 1) & shard.mask) {
    const CoroutineSlot& slot = recording.coroutines[(shard.places[next] & kIndexMask) - 1];
    const uint64_t home =
        home_of(address_hash(slot.address.load(std::memory_order_relaxed))) & shard.mask;
    if (((next - home) & shard.mask) >= ((next - hole) & shard.mask)) {
      shard.places[hole] = shard.places[next];
      hole = next;
    }
  }
  shard.places[hole] = 0;
}

}  // namespace

bool start_coroutine_table() {
  return true;
}

void restart_coroutine_table_after_fork(bool keep) {
  for (Shard& shard : shards) {
    shard.locked.store(0, std::memory_order_relaxed);
    if (keep) continue;
    shard.given_up = false;
    shard.mask = shard.count = shard.free_slot = shard.batch_next = shard.batch_end = 0;
    shard.places = nullptr;
  }
  if (keep) return;
  for (uint8_t& watched : coroutine_filter) watched = 0;
}

// A filter byte belongs to one shard, so its lock guards it; a saturated byte says "maybe" for
// ever.
void watch_block(uint64_t address) {
  const uint64_t hash = address_hash(address);
  Shard& shard = shard_of(hash);
  if (!lock(shard)) return;
  uint8_t& filter = filter_of(hash);
  if (filter < 255) __atomic_store_n(&filter, filter + 1, __ATOMIC_RELAXED);
  unlock(shard);
}
void unwatch_block(uint64_t address) {
  const uint64_t hash = address_hash(address);
  Shard& shard = shard_of(hash);
  if (!lock(shard)) return;
  uint8_t& filter = filter_of(hash);
  if (filter < 255 && filter > 0) __atomic_store_n(&filter, filter - 1, __ATOMIC_RELAXED);
  unlock(shard);
}

CoroutineSlot* insert_block(uint64_t address, uint32_t size_bytes, uint32_t site, uint32_t stack,
                            uint64_t ticks, uint32_t creator) {
  const uint64_t hash = address_hash(address);
  Shard& shard = shard_of(hash);
  if (!lock(shard)) return nullptr;
  if (shard.places == nullptr || shard.count * 8 > (shard.mask + 1) * 5) {
    if (!grow(shard) && shard.places == nullptr) {
      unlock(shard);
      count(lost().coroutines);
      return nullptr;
    }
  }
  bool found;
  const uint64_t at = find(shard, hash, address, &found);
  uint32_t index = 0;
  CoroutineSlot* slot =
      found ? &recording.coroutines[(shard.places[at] & kIndexMask) - 1] : take_slot(shard, &index);
  if (slot == nullptr || shard.count >= shard.mask) {
    unlock(shard);
    count(lost().coroutines);
    return nullptr;
  }
  slot->created_ticks = ticks;
  slot->site = site;
  slot->stack = stack;
  slot->size_bytes = size_bytes;
  slot->creator = creator;
  slot->address.store(address, std::memory_order_release);
  if (!found) {
    shard.places[at] = tag_of(hash) | (index + 1);
    ++shard.count;
    uint8_t& filter = filter_of(hash);
    if (filter < 255) __atomic_store_n(&filter, filter + 1, __ATOMIC_RELAXED);
  }
  unlock(shard);
  return slot;
}

CoroutineSlot* lock_block(uint64_t address, uint64_t* place) {
  const uint64_t hash = address_hash(address);
  Shard& shard = shard_of(hash);
  if (__atomic_load_n(&shard.places, __ATOMIC_RELAXED) == nullptr || !lock(shard)) return nullptr;
  bool found;
  *place = find(shard, hash, address, &found);
  if (found) return &recording.coroutines[(shard.places[*place] & kIndexMask) - 1];
  unlock(shard);
  return nullptr;
}

void unlock_block(uint64_t address, uint64_t place, CoroutineSlot* slot, bool erase) {
  const uint64_t hash = address_hash(address);
  Shard& shard = shard_of(hash);
  if (erase) {
    slot->address.store(0, std::memory_order_release);
    const auto index = static_cast<uint32_t>((shard.places[place] & kIndexMask) - 1);
    // Homes are computed from addresses: this one's place goes before its address is forgotten.
    remove_place(shard, place);
    slot->created_ticks = shard.free_slot;
    shard.free_slot = index + 1;
    --shard.count;
    uint8_t& filter = filter_of(hash);
    // A saturated byte stays: it says "maybe" for ever.
    if (filter < 255) __atomic_store_n(&filter, filter - 1, __ATOMIC_RELAXED);
  }
  unlock(shard);
}

}  // namespace track::core
