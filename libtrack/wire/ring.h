// ring.h: history. One ring a CPU, and a pool at the end of the section for threads whose CPU has
// none or that have no restartable sequences: taken for one push at a time. Overwrite-oldest:
// record number n lies at n modulo the capacity; `head` counts records ever written, `limit` how
// many may be written before more space must be reserved.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::wire {

enum class EventKind : uint8_t {
  none = 0,
  thread_created = 1,  // object = slot index, task = creator, argument unused
  thread_started = 2,  // object = slot index | its kernel thread id << 32
  thread_ended = 3,    // object: the same
  thread_joined = 4,   // object = task joined
  thread_detached = 5,
  wait_ended = 6,     // sort = WaitKind, object, stack; duration filled
  module_loaded = 7,  // object = module slot
  module_unloaded = 8,
  forked = 9,            // object = child's pid
  process_exiting = 10,  // sort = EndReason
  lock_taken_over = 11,  // a lock left the held set of a thread other than its unlocker; object
  lock_lost = 12,        // thread ended while holding object
  // With locks=all: a lock was let go, at `stack`. sort = HeldSort, object, task that had taken it;
  // duration filled.
  lock_held = 13,
  cpu_sample = 20,  // stack; object = created_stack, as in wire/cpu.h
};

struct Event {
  uint64_t ticks;
  uint64_t object;
  uint32_t task;
  uint32_t stack;
  float duration_ticks;  // 24 bits of precision, any length
  EventKind kind;
  uint8_t sort;
  uint16_t by;  // wait_ended: the task that let it go on, the low 16 bits; 0 = not known
};
static_assert(sizeof(Event) == 32);

inline constexpr uint32_t kRingEvents = 8192;
inline constexpr uint32_t kPooledRings = 16;

struct alignas(64) Ring {
  std::atomic<uint64_t> head;
  std::atomic<uint64_t> limit;
  std::atomic<uint32_t> owner;   // pooled rings: the task that writes just now, 0 = free
  std::atomic<uint32_t> failed;  // no more space could be reserved
  uint64_t reserved[5];
  Event events[kRingEvents];
};
static_assert(sizeof(Ring) == 64 + 32 * kRingEvents);
inline constexpr uint64_t kRingStride = (sizeof(Ring) + 4095) / 4096 * 4096;  // in the section

}  // namespace track::wire
