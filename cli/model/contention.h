// What waiting cost so far, and in which order locks were taken, as the tracker added it up in the
// target. Plain data.
#pragma once

#include <cstdint>
#include <vector>

namespace track {

enum class WaitKind : uint8_t;
enum class HeldSort : uint8_t;

enum class ContentionRole : uint8_t {
  waiter,  // stack: where it waited
  holder,  // stack: where the lock was let go, or the waiter woken; 0 = nobody was seen to
};

struct Contention {
  ContentionRole role = ContentionRole::waiter;
  WaitKind kind{};          // holder of a reader-writer lock: how it held it
  uint64_t object = 0;      // 0 = none, or one of too many
  uint32_t created_at = 0;  // into Trace::stacks; 0 = its initialization was not seen
  uint32_t stack = 0;       // into Trace::stacks
  uint64_t count = 0;       // waiter: waits that ended. holder: waits it was in the way of
  uint64_t total_ns = 0;    // holder: over all that waited
  uint64_t longest_ns = 0;
  uint64_t first_ns = 0, last_ns = 0;  // CLOCK_MONOTONIC
};

// A lock that lies in a block of the heap: who allocated that tells what it belongs to, where its
// own initialization was not seen (a std::mutex has none).
struct LockBlock {
  uint64_t object = 0;
  uint64_t bytes = 0;         // of the block
  uint32_t allocated_at = 0;  // into Trace::stacks
};

struct OrderedLock {
  uint64_t address = 0;
  HeldSort sort{};
  uint32_t birth = 0;  // tells locks at one address apart; 0 = its initialization was not seen
};

// A thread that took locks in that order. Times are CLOCK_MONOTONIC ns; ended 0 = it runs.
struct OrderWitness {
  uint32_t task = 0, creator = 0;  // task ids
  uint64_t created_ns = 0, first_ns = 0, last_ns = 0, ended_ns = 0;
};

// One lock was taken while others were held.
struct LockOrder {
  OrderedLock lock;
  std::vector<OrderedLock> held;  // oldest first
  bool complete = true;           // false: more were held than the record lists
  uint32_t stack = 0;             // where it was taken, the first time; into Trace::stacks
  std::vector<OrderWitness> witnesses;
};

}  // namespace track
