// known_stacks.h: the stacks a thread captures again and again, told by the words they stand on.
//
// A server's loop blocks and creates tasks at the same few places, in turn. Each of them is kept
// here with every word its walk read (replay.h says why these and the registers decide the frames).
// Where the registers are the same and all words still hold, the stack is: five instructions a
// frame, no walk. No word is read that unwind() would not read.
//
// Use: as a Replay's, by one thread, never re-entrantly; the next owner may go on with what it
// knows. If a signal handler leaves by siglongjmp, an entry is merely empty. Entries are made of
// stacks seen twice.
#pragma once

#include <stdint.h>

#include "libtrack/core/contention.h"
#include "libtrack/core/replay.h"

namespace track::core {

inline constexpr uint32_t kKnownWords = 48;  // deeper stacks are left to the Replay
// Words are compared in groups: the last group is filled up with the outermost word.
inline constexpr uint32_t kKnownAtOnce = 4;
static_assert(kKnownWords % kKnownAtOnce == 0);
inline constexpr uint32_t kKnownSets = 16, kKnownWays = 4;

// Dense, and on whole cache lines: after a wait they are in no cache any more.
struct alignas(64) KnownStack {
  struct Words {
    uint16_t at[kKnownAtOnce];    // in words from sp, innermost first
    uint64_t word[kKnownAtOnce];  // what lies there
  };
  uint64_t pc, sp, bp;
  KnownStack* after;  // that was recognized after this one; a server's loop repeats itself
  uint64_t end;       // one past the outermost word
  uint32_t stack;     // what the caller calls it
  uint32_t generation;
  uint32_t groups;  // 0: nothing is known
  uint32_t uses_bp;
  RememberedCost cost;  // where a wait here was added up last
  Words words[kKnownWords / kKnownAtOnce];
};

// 36 KiB, touched from its beginning as far as it is used. All zero is a valid empty one. It must
// stay where it is.
struct KnownStacks {
  KnownStack* last;   // recognized
  KnownStack* guess;  // to be recognized next
  struct Way {
    uint64_t key;       // of pc and sp
    KnownStack* place;  // null: seen once so far
    uint64_t stack;
  };
  Way sets[kKnownSets][kKnownWays];
  uint8_t next_way[kKnownSets];  // replaced next
  uint64_t places_used;
  KnownStack places[kKnownSets * kKnownWays];
};

// 0: not known.
uint32_t known_stack(KnownStacks& known, const Registers& regs, uint64_t stack_high);

// After capture(replay, regs, …), whose frames the caller calls `stack`, not 0.
void know_stack(KnownStacks& known, const Replay& replay, const Registers& regs, uint32_t stack);

}  // namespace track::core
