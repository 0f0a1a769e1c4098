// order.h: in which order locks were taken: one entry for each set of locks that was held while
// another was waited for or taken, with the stack of the first time and the threads that did it.
// Trylocks and timed attempts take no part as the lock that is taken: they do not wait for ever.
// Entries are only added; `identity` is written last.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::wire {

inline constexpr uint32_t kOrderHeld = 5;  // of the locks held, the ones taken last
inline constexpr uint32_t kOrderWitnesses = 4;
inline constexpr uint32_t kOrderSlots = 4096;

// A thread that took the locks in this order. Only its first and last look at the table are known:
// it looks again after it has created a thread, so that what came before a creation is told from
// what came after it. ended_ticks: 0 while it runs.
struct OrderWitness {
  std::atomic<uint32_t> task;  // 0 = none
  std::atomic<uint32_t> creator;
  std::atomic<uint64_t> created_ticks;
  std::atomic<uint64_t> first_ticks;  // written last
  std::atomic<uint64_t> last_ticks;
  std::atomic<uint64_t> ended_ticks;
};
static_assert(sizeof(OrderWitness) == 40);

struct OrderSlot {
  std::atomic<uint64_t> identity;  // hash of the locks; 0 = no entry (yet)
  uint64_t lock;                   // address | HeldSort, as in a held set
  uint32_t birth;                  // tells locks at one address apart; 0 = initialization not seen
  uint32_t stack;                  // where it was taken, the first time
  uint32_t held_count;             // of `held`; more than kOrderHeld: the older ones are not listed
  uint32_t reserved;
  uint64_t held[kOrderHeld];  // oldest first
  uint32_t held_birth[kOrderHeld];
  uint32_t reserved1;
  OrderWitness witnesses[kOrderWitnesses];
};
static_assert(sizeof(OrderSlot) == 256);

}  // namespace track::wire
