#include "libtrack/core/known_stacks.h"

#include <atomic>

#include "libtrack/core/unwind_words.h"

// The fuzz tests break the validation on purpose, to see that they would notice.
#ifndef TRACK_REPLAY_MUTANT
#define TRACK_REPLAY_MUTANT 0
#endif

namespace track::core {
namespace {

inline KnownStack* set_of(KnownStacks& known, const Registers& regs) {
  static_assert(kKnownSets == 16);
  return known.sets[((regs.pc ^ regs.sp << 4) * 0x9e3779b97f4a7c15) >> 60];
}

TRACK_READS_STACK inline bool holds(const KnownStack& known, const Registers& regs, uint64_t high) {
  if (known.sp != regs.sp || known.pc != regs.pc || known.words == 0) return false;
  if (TRACK_REPLAY_MUTANT != 8 && known.uses_bp && known.bp != regs.bp) return false;
  if (known.generation != unwind_generation()) return false;
  if (known.end > high) return false;
  for (uint32_t i = 0; i < known.words; ++i)
    if (stack_word(regs.sp + static_cast<uint64_t>(int64_t{known.at[i]})) != known.word[i])
      return false;
  return true;
}

}  // namespace

uint32_t known_stack(KnownStacks& known, const Registers& regs, uint64_t stack_high) {
  const uint64_t high = bounds_of(regs.sp, stack_high).high;
  const KnownStack* set = set_of(known, regs);
  if (holds(set[0], regs, high)) return set[0].stack;
  return holds(set[1], regs, high) ? set[1].stack : 0;
}

void know_stack(KnownStacks& known, const Replay& replay, const Registers& regs, uint32_t stack) {
  KnownStack* set = set_of(known, regs);
  for (KnownStack* entry = set; entry != set + 2; ++entry) {
    if (entry->sp != regs.sp || entry->pc != regs.pc || entry->stack != stack) continue;
    entry->words = 0;  // should a signal handler never come back, nothing half-written is known
    std::atomic_signal_fence(std::memory_order_seq_cst);
    entry->bp = regs.bp;
    entry->uses_bp = replay.uses_bp;
    entry->generation = replay.generation;
    const uint32_t words =
        words_below(replay, regs.sp, entry->word, entry->at, kKnownWords, &entry->end);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    entry->words = words;
    return;
  }
  // Seen once: only its name is kept. The other one of the set may be worth more.
  KnownStack& entry = set[set[0].newer];
  set[0].newer ^= 1;
  entry.words = 0;
  entry.sp = regs.sp;
  entry.pc = regs.pc;
  entry.stack = stack;
}

}  // namespace track::core
