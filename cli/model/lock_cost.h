// What waiting cost, lock by lock: who made others wait, who waited, and who does both just now.
// Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cli/model/trace.h"

namespace track {

struct PlaceCost {
  StackIndex stack = 0;  // 0: nobody was seen there
  uint64_t count = 0, total_ns = 0, longest_ns = 0;
};

// With locks=all: of what the history still has, and of what is held now.
struct HoldCost {
  uint64_t count = 0, total_ns = 0, longest_ns = 0;
  uint64_t read_count = 0;    // of reader-writer locks: by readers
  StackIndex longest_at = 0;  // where the longest one was let go; of one that goes on: taken
};

// One lock, condition, semaphore ...; object 0: many of one kind that were not told apart.
struct LockCost {
  WaitKind kind = WaitKind::none;  // of a reader-writer lock the side that waited longer
  uint64_t object = 0;
  StackIndex created_at = 0;
  uint64_t block_bytes = 0;  // of the heap block that it lies in; 0 = none, or not known
  StackIndex block_allocated_at = 0;
  uint64_t count = 0, longest_ns = 0;    // waits that ended, and those that go on
  uint64_t total_ns = 0;                 // of both
  uint64_t ongoing_ns = 0;               // of those that go on
  uint64_t read_count = 0, read_ns = 0;  // reader-writer locks: of these, by readers
  HoldCost holds;
  std::vector<PlaceCost> waiters, holders;  // most time first
  std::vector<size_t> held_by, waited_by;   // into Trace::threads; waiting since longest first
};

struct ContentionView {
  uint64_t holds = 0;            // in all, where they are recorded
  uint64_t holds_from_ns = 0;    // none is missing from then on, save lost ones
  std::vector<LockCost> locks;   // that a thread holds: mutexes, reader-writer locks, spinlocks
  std::vector<LockCost> events;  // that another has to bring about: conditions, semaphores, ...
};

// Held by a thread, so that it can be given up by nobody else.
inline bool owned_lock(WaitKind kind) {
  return kind == WaitKind::mutex || kind == WaitKind::rwlock_read ||
         kind == WaitKind::rwlock_write || kind == WaitKind::spinlock;
}

}  // namespace track
