#include "libtrack/core/known_stacks.h"

#include <atomic>

#include "libtrack/core/unwind_words.h"

// The fuzz tests break the validation on purpose, to see that they would notice.
#ifndef TRACK_REPLAY_MUTANT
#define TRACK_REPLAY_MUTANT 0
#endif

namespace track::core {
namespace {

// Words are compared in groups: the last group is filled up with the outermost word.
constexpr uint32_t kWordsAtOnce = 4;
static_assert(kKnownWords % kWordsAtOnce == 0);

inline uint64_t key_of(const Registers& regs) {
  return (regs.pc ^ regs.sp << 4) * 0x9e3779b97f4a7c15;
}
inline uint32_t set_of(uint64_t key) {
  static_assert(kKnownSets == 16);
  return static_cast<uint32_t>(key >> 60);
}

TRACK_READS_STACK inline bool holds(const KnownStack& known, const Registers& regs, uint64_t high) {
  if (known.sp != regs.sp || known.pc != regs.pc || known.words == 0) return false;
  if (TRACK_REPLAY_MUTANT != 8 && known.uses_bp && known.bp != regs.bp) return false;
  if (known.generation != unwind_generation()) return false;
  if (known.end > high) return false;
  const auto word_holds = [&](uint32_t i) {
    return stack_word(regs.sp + static_cast<uint64_t>(int64_t{known.at[i]})) == known.word[i];
  };
  static_assert(kWordsAtOnce == 4);
  for (uint32_t i = 0; i < known.words; i += kWordsAtOnce)
    if (!word_holds(i) || !word_holds(i + 1) || !word_holds(i + 2) || !word_holds(i + 3))
      return false;
  return true;
}

}  // namespace

uint32_t known_stack(KnownStacks& known, const Registers& regs, uint64_t stack_high) {
  const uint64_t high = bounds_of(regs.sp, stack_high).high;
  if (KnownStack* guess = known.guess; guess != nullptr && holds(*guess, regs, high)) {
    known.last = guess;
    known.guess = guess->after;
    return guess->stack;
  }
  const uint64_t key = key_of(regs);
  for (const auto& way : known.sets[set_of(key)]) {
    if (way.key != key || way.place == nullptr || !holds(*way.place, regs, high)) continue;
    if (known.last != nullptr) known.last->after = way.place;
    known.last = way.place;
    known.guess = way.place->after;
    return way.place->stack;
  }
  return 0;
}

void know_stack(KnownStacks& known, const Replay& replay, const Registers& regs, uint32_t stack) {
  const uint64_t key = key_of(regs);
  const uint32_t set = set_of(key);
  for (auto& way : known.sets[set]) {
    if (way.key != key || way.stack != stack) continue;
    if (way.place == nullptr) {
      if (known.places_used == kKnownSets * kKnownWays)
        return;  // handlers that jumped out took some
      way.place = &known.places[known.places_used++];
    }
    KnownStack& place = *way.place;
    place.words = 0;  // should a signal handler never come back, nothing half-written is known
    std::atomic_signal_fence(std::memory_order_seq_cst);
    place.pc = regs.pc;
    place.sp = regs.sp;
    place.bp = regs.bp;
    place.stack = stack;
    place.uses_bp = replay.uses_bp;
    place.generation = replay.generation;
    uint32_t words = words_below(replay, regs.sp, place.word, place.at, kKnownWords, &place.end);
    for (; words % kWordsAtOnce != 0; ++words) {
      place.word[words] = place.word[words - 1];
      place.at[words] = place.at[words - 1];
    }
    std::atomic_signal_fence(std::memory_order_seq_cst);
    place.words = words;
    return;
  }
  // Seen once: only its name is kept, in place of the one that was named longest ago.
  auto& way = known.sets[set][known.next_way[set]++ % kKnownWays];
  if (way.place != nullptr) way.place->words = 0;
  way.key = key;
  way.stack = stack;
}

}  // namespace track::core
