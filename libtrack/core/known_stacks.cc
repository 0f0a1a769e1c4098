#include "libtrack/core/known_stacks.h"

#include <atomic>

#include "libtrack/core/hot.h"
#include "libtrack/core/unwind_words.h"

// The fuzz tests break the validation on purpose, to see that they would notice.
#ifndef TRACK_REPLAY_MUTANT
#define TRACK_REPLAY_MUTANT 0
#endif

namespace track::core {
namespace {

inline uint64_t key_of(const Registers& regs) {
  return (regs.pc ^ regs.sp << 4) * 0x9e3779b97f4a7c15;
}
inline uint32_t set_of(uint64_t key) {
  static_assert(kKnownSets == 16);
  return static_cast<uint32_t>(key >> 60);
}

TRACK_READS_STACK inline bool holds(const KnownStack& known, const Registers& regs, uint64_t high) {
  if (known.sp != regs.sp || known.pc != regs.pc || known.groups == 0) return false;
  if (TRACK_REPLAY_MUTANT != 8 && known.uses_bp && known.bp != regs.bp) return false;
  if (known.generation != unwind_generation()) return false;
  if (known.end > high) return false;
  const KnownStack::Words* end = known.words + known.groups;
  for (const KnownStack::Words* words = known.words; words != end; ++words) {
    const auto word_holds = [&](uint32_t i) {
      return stack_word(regs.sp + words->at[i] * uint64_t{8}) == words->word[i];
    };
    static_assert(kKnownAtOnce == 4);
    if (!word_holds(0) || !word_holds(1) || !word_holds(2) || !word_holds(3)) return false;
  }
  return true;
}

// Nothing is known where they are more, or further apart, than there is room for.
void keep_words(KnownStack& place, const Replay& replay, uint64_t sp) {
  uint64_t word[kKnownWords];
  int32_t at[kKnownWords];
  uint32_t words = words_below(replay, sp, word, at, kKnownWords, &place.end);
  if (words == 0) return;
  for (; words % kKnownAtOnce != 0; ++words) {
    word[words] = word[words - 1];
    at[words] = at[words - 1];
  }
  for (uint32_t i = 0; i < words; ++i) {
    if (at[i] < 0 || at[i] % 8 != 0 || at[i] / 8 > UINT16_MAX) return;
    KnownStack::Words& group = place.words[i / kKnownAtOnce];
    group.at[i % kKnownAtOnce] = static_cast<uint16_t>(at[i] / 8);
    group.word[i % kKnownAtOnce] = word[i];
  }
  std::atomic_signal_fence(std::memory_order_seq_cst);
  place.groups = words / kKnownAtOnce;
}

}  // namespace

TRACK_HOT_CODE uint32_t known_stack(KnownStacks& known, const Registers& regs,
                                    uint64_t stack_high) {
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
    place.groups = 0;  // should a signal handler never come back, nothing half-written is known
    std::atomic_signal_fence(std::memory_order_seq_cst);
    place.pc = regs.pc;
    place.sp = regs.sp;
    place.bp = regs.bp;
    place.stack = stack;
    place.uses_bp = replay.uses_bp;
    place.generation = replay.generation;
    place.cost = {};
    keep_words(place, replay, regs.sp);
    return;
  }
  // Seen once: only its name is kept, in place of the one that was named longest ago.
  auto& way = known.sets[set][known.next_way[set]++ % kKnownWays];
  if (way.place != nullptr) way.place->groups = 0;
  way.key = key;
  way.stack = stack;
}

}  // namespace track::core
