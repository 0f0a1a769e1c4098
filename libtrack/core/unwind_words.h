// unwind_words.h: the words and bounds of a stack being walked. For unwind*.cc and replay.cc only.
#pragma once

#include <stdint.h>

#include "libtrack/core/unwind.h"

namespace track::core {

// The words read lie between live variables, where a sanitizer may have put its red zones.
#define TRACK_READS_STACK __attribute__((no_sanitize("address"), no_sanitize("thread")))

TRACK_READS_STACK inline uint64_t stack_word(uint64_t address) {
  typedef uint64_t Word __attribute__((may_alias));
  return *reinterpret_cast<const Word*>(address);
}

struct StackBounds {
  uint64_t high = 0;   // one past the last readable byte
  bool known = false;  // given by the caller, and everything up to there is mapped
};

inline StackBounds bounds_of(uint64_t sp, uint64_t stack_high) {
  if (stack_high > sp) return {stack_high & ~uint64_t{7}, true};
  return {sp + kUnknownStackReach, false};
}

// A CFA must lie above everything walked so far; sp is the CFA before it.
inline bool is_next_cfa(uint64_t cfa, uint64_t sp, uint64_t high) {
  return cfa > sp && cfa <= high;
}

// A word in the frame that starts at sp: its CFA is not known yet.
inline bool is_frame_word(uint64_t address, uint64_t sp, uint64_t high) {
  return (address & 7) == 0 && address >= sp && address < high;
}

// The interrupted registers in the kernel's signal frame at sp (struct ucontext_t).
inline constexpr uint64_t kSignalBp = 15 * 8, kSignalBx = 16 * 8, kSignalSp = 20 * 8,
                          kSignalPc = 21 * 8, kSignalSize = 22 * 8;

// After a signal frame the walk goes on where the interrupted code ran: here or on another stack.
inline StackBounds bounds_after_signal(const StackBounds& here, uint64_t sp, uint64_t old_sp) {
  if (sp > old_sp && sp < here.high) return here;
  return {sp + kUnknownStackReach, false};
}

}  // namespace track::core
