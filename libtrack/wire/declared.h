// declared.h: what a program says of its threads and objects beyond labels (include/track/track.h):
// names, marks, and where it keeps references that nobody can see. Texts are those of labels.h.
#pragma once

#include <atomic>
#include <cstdint>

#include "libtrack/wire/tables.h"

namespace track::wire {

enum ToldFlags : uint32_t {
  kToldLongLived = 1,  // expected to live long: its being there is no leak
  kToldObject = 2,     // of a wait object: its owner or waker was told
};

// Of a thread: entry i belongs to slot i of the threads. Written by that thread only; `task` last
// when it takes over from an earlier thread of the slot, whose words are cleared before.
struct ToldThread {
  std::atomic<uint32_t> task;  // whose words these are; another one than the slot's: nothing told
  std::atomic<uint32_t> flags;
  std::atomic<uint32_t> name;   // index of a label text; 0 = none
  std::atomic<uint32_t> waits;  // waits of its own making that it is in, one inside the other
  ToldWait wait[kToldWaits];    // the outermost ones
};
static_assert(sizeof(ToldThread) == 64);

// Of a thread that works for a pool, as ToldThread. `pool` is written last when it joins one, and
// cleared first when it leaves.
struct PoolMember {
  std::atomic<uint32_t> task;
  std::atomic<uint32_t> name;        // of the pool, index of a label text; 0 = none
  std::atomic<uint64_t> pool;        // address; 0 = in none
  std::atomic<uint32_t> jobs;        // that it is in, one inside the other
  std::atomic<uint32_t> tells_jobs;  // 1: it has begun one since it joined
};
static_assert(sizeof(PoolMember) == 24);

enum class DeclaredSort : uint32_t {
  none = 0,
  lock = 1,       // address of a lock, or of whatever else is waited for
  coroutine = 2,  // address of the frame
  fiber = 3,      // end of the stack
  root = 4,       // start of memory that is to be searched for references, whosever it is
  held = 5,       // what the kernel, a device or the like has a pointer to
};

// Something at an address: open addressing without order, within kDeclaredProbes entries from where
// the address belongs. A coroutine or fiber that was made after `ticks` is another one at the same
// place. When the same is told twice at once there may be two entries: the later one is right; of a
// root each time has an entry, and of what is held all of them count.
struct Declared {
  std::atomic<uint64_t> address;  // written last, cleared first; kDeclaredClaimed = being written;
                                  // of a root and of what is held: as reference_key() makes it
  std::atomic<uint64_t> ticks;    // when it was told
  std::atomic<uint32_t> sort;     // DeclaredSort
  std::atomic<uint32_t> flags;    // ToldFlags
  std::atomic<uint32_t> name;     // index of a label text; 0 = none
  uint32_t task;                  // who told it
  // Of a wait object, both as object_task() makes them; 0 = nobody.
  std::atomic<uint64_t> owner;  // without whom no wait for it ends
  std::atomic<uint64_t> waker;  // who ended a wait for it last
  std::atomic<uint64_t> waker_ticks;
  // Of a root: its bytes. Of what is held: how many times, as object_task() makes it of a number.
  std::atomic<uint64_t> extent;
};
static_assert(sizeof(Declared) == 64);
inline constexpr uint64_t kDeclaredClaimed = 1;
inline constexpr uint64_t kDeclaredSlots = 1 << 14;
inline constexpr uint64_t kDeclaredProbes = 64;

// A coroutine as an owner. Tasks have smaller numbers. Its id (told.h) is another one's later: from
// when it is, in part, tells them apart.
inline constexpr uint32_t kCoroutineOwner = uint32_t{1} << 31;
inline constexpr uint32_t kOwnerIdBits = 25;
constexpr uint32_t coroutine_owner(uint32_t id, uint64_t created_ticks) {
  const uint32_t when = static_cast<uint32_t>(created_ticks * 0x9e3779b97f4a7c15u >> 58);
  return kCoroutineOwner | when << kOwnerIdBits | (id & ((uint32_t{1} << kOwnerIdBits) - 1));
}
constexpr uint32_t id_of_owner(uint32_t owner) {
  return owner & ((uint32_t{1} << kOwnerIdBits) - 1);
}

// Where an address belongs; things of one object lie near each other.
constexpr uint64_t declared_place(uint64_t address, uint64_t capacity) {
  const uint64_t hash = address * 0x9e3779b97f4a7c15u >> 32;
  if (capacity == kDeclaredSlots) return hash % kDeclaredSlots;  // without a division
  return capacity == 0 ? 0 : hash % capacity;
}

// Never what another sort has there: who takes an entry away by its address takes away his own.
inline constexpr int kReferenceShift = 61;
constexpr uint64_t reference_key(DeclaredSort sort, uint64_t address) {
  constexpr uint64_t kAddress = (uint64_t{1} << kReferenceShift) - 1;
  return (address & kAddress) | (static_cast<uint64_t>(sort) & 7) << kReferenceShift;
}
constexpr uint64_t address_of_reference(uint64_t key) {
  return key & ((uint64_t{1} << kReferenceShift) - 1);
}
constexpr bool is_reference_key(uint64_t key) {
  return key >> kReferenceShift != 0;
}

// A task as an object's entry names it. An entry may become another object's while somebody writes
// to it: of which address the word is, its upper half tells.
constexpr uint64_t object_task(uint64_t address, uint32_t task) {
  return task == 0 ? 0 : (address * 0x9e3779b97f4a7c15u & 0xffffffff00000000u) | task;
}
// 0: nobody, or it is not that object's.
constexpr uint32_t task_of_object(uint64_t address, uint64_t word) {
  const auto task = static_cast<uint32_t>(word);
  return word == object_task(address, task) ? task : 0;
}

}  // namespace track::wire
