// contention.h: what waiting cost so far, added up in the target: one entry for each place that
// waited (role waiter), and for each place that made others wait (role holder). Entries are only
// added, never moved or taken back; a reader may look at any instant, and sees each sum on its own.
#pragma once

#include <atomic>
#include <cstdint>

#include "libtrack/wire/tables.h"

namespace track::wire {

enum class ContentionRole : uint8_t {
  waiter = 1,  // stack: where it waited
  holder = 2,  // stack: where the lock was let go, or the waiter woken; 0 = that went unseen
};

// Written in this order: everything else, then `identity`; 0 = no entry (yet).
struct ContentionSlot {
  std::atomic<uint64_t> identity;  // object, role, kind: pack_contention()
  uint32_t stack;
  uint32_t created;  // stack of the object's initialization, 0 = not seen (static, std::mutex)
  std::atomic<uint64_t> count;  // waiter: waits that ended. holder: waits it was in the way of
  std::atomic<uint64_t> ticks;  // of waiting, added up; holder: over all that waited
  std::atomic<uint64_t> most_ticks;
  uint64_t first_ticks;  // when the entry was made
  std::atomic<uint64_t> last_ticks;
  uint64_t reserved;
};
static_assert(sizeof(ContentionSlot) == 64);

// object 0: none, or one of too many.
constexpr uint64_t pack_contention(ContentionRole role, WaitKind kind, uint64_t object) {
  return (object & 0xffffffffffff) | static_cast<uint64_t>(role) << 48 |
         static_cast<uint64_t>(kind) << 56;
}
constexpr uint64_t contention_object(uint64_t identity) {
  return identity & 0xffffffffffff;
}
constexpr ContentionRole contention_role(uint64_t identity) {
  return static_cast<ContentionRole>(identity >> 48 & 0xff);
}
constexpr WaitKind contention_kind(uint64_t identity) {
  return static_cast<WaitKind>(identity >> 56);
}

inline constexpr uint32_t kContentionSlots = 16384;

}  // namespace track::wire
