// contention.h: the table of what waiting cost (wire/contention.h). Lock-free, any thread, signal
// handlers too; called on slow paths only, where a thread waits or wakes another.
#pragma once

#include "libtrack/wire/contention.h"

namespace track::core {

struct ContentionKey {
  wire::ContentionRole role;
  wire::WaitKind kind;
  uint64_t object;   // 0 = none
  uint32_t created;  // the object's creation stack, 0 = unknown
  uint32_t stack;
};

// The key's entry, made when there is none. When three quarters of the table are in use, new keys
// share an entry without object. Null: no room even so, which is counted.
wire::ContentionSlot* contention_slot(const ContentionKey& key, uint64_t now_ticks);

// An entry that a key had, for who comes with it again: no look at the table. All zero: none.
struct RememberedCost {
  uint32_t entry;
  uint32_t generation;  // of the table
};
wire::ContentionSlot* contention_slot(const ContentionKey& key, uint64_t now_ticks,
                                      RememberedCost& last);

// count waits, ticks of waiting over all of them, the longest of them.
void add_contention(wire::ContentionSlot& slot, uint64_t count, uint64_t ticks, uint64_t most_ticks,
                    uint64_t now_ticks);

// In a fork child: what was added up happened to the parent.
void restart_contention_after_fork();

}  // namespace track::core
