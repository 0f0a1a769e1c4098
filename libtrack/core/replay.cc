#include "libtrack/core/replay.h"

#include <stdint.h>

#include <atomic>

#include "libtrack/core/unwind.h"
#include "libtrack/core/unwind_rules.h"
#include "libtrack/core/unwind_words.h"

// The fuzz tests break the validation on purpose, to see that they would notice.
#ifndef TRACK_REPLAY_MUTANT
#define TRACK_REPLAY_MUTANT 0
#endif

namespace track::core {
namespace {

constexpr uint64_t kHashFactor = 0x9e3779b97f4a7c15;
constexpr int kMutant = TRACK_REPLAY_MUTANT;

// Flags in the low bits of Replay::slot of a remembered frame.
constexpr int32_t kChecksBp = 1;   // an outer frame needs bp: the word at bp_slot is a dependency
constexpr int32_t kChecksCfa = 2;  // the CFA was read from cfa_slot
constexpr int32_t kNeedsBp = 4;    // an outer frame needs the caller's bp as it is here
constexpr int32_t kFlags = 7;
// The first and last mean something else until keep_walked() has settled them.
constexpr int32_t kRestoresBp = 1;
constexpr int32_t kUsesBp = 4;

uint64_t seed(uint32_t salt) {
  return (uint64_t{salt} + 1) * kHashFactor;
}

uint64_t extend(uint64_t hash, uint64_t frame) {
  hash = (hash ^ frame) * kHashFactor;
  return hash ^ hash >> 32;
}

uint64_t never_zero(uint64_t hash) {
  return hash ? hash : 1;
}

uint64_t address(const Replay& replay, int32_t offset) {
  return replay.base + static_cast<uint64_t>(int64_t{offset & ~kFlags});
}

enum class WalkEnd : uint8_t {
  kJoined,     // at frame `joined`, whose older words all hold
  kStackEnd,   // at the true end
  kNoRule,     // at code without a rule, which a later walk will find just so
  kElsewhere,  // something only unwind() handles
};

// What one capture finds: its new frames lie at the end of the Replay's arrays, innermost last.
struct Walk {
  WalkEnd end;
  uint32_t count;
  int32_t joined;
  bool zero_word;  // the last frame stands for the zero word that ended the stack
};

// Reads the words of the frames older than `joined` again. -1 if all hold, else the frame that does
// not; nothing beyond it was read.
TRACK_READS_STACK int32_t first_changed(const Replay& replay, int32_t joined) {
  if (kMutant == 1) return -1;
  for (int32_t i = joined - 1; i >= 0; --i) {
    if (kMutant == 6 && i == 0 && replay.hidden) return -1;
    const int32_t slot = replay.slot[i];
    if (__builtin_expect(slot & (kChecksBp | kChecksCfa), 0)) {
      if (kMutant != 4 && (slot & kChecksCfa) &&
          stack_word(address(replay, replay.cfa_slot[i])) != address(replay, slot) + 8) {
        return i;
      }
      if (kMutant != 3 && (slot & kChecksBp) &&
          stack_word(address(replay, replay.bp_slot[i])) != replay.bp[i]) {
        return i;
      }
    }
    if (stack_word(address(replay, slot)) != replay.pc[i]) return i;
  }
  return -1;
}

TRACK_READS_STACK Walk walk(Replay& replay, const Registers& regs, uint64_t high, bool known,
                            uint32_t remembered) {
  uint64_t key = regs.pc + 1, sp = regs.sp, bp = regs.bp;
  int32_t old = static_cast<int32_t>(remembered) - 1;
  uint32_t index = kMaxFrames;
  Walk result{WalkEnd::kElsewhere, 0, 0, false};
  const uint64_t base = replay.base;
  for (;;) {
    const uint64_t rule = rule_for(key);
    uint64_t cfa, bp_word = 0, cfa_word = 0;
    int32_t flags = 0;
    if (__builtin_expect((rule & kRuleKindMask) == (kRuleSp | kBpSame), 1)) {
      cfa = sp + rule_cfa_bytes(rule);
      if (!is_next_cfa(cfa, sp, high)) return result;
    } else {
      switch (rule & kRuleCfaMask) {
        case kRuleSp:
          cfa = sp + rule_cfa_bytes(rule);
          break;
        case kRuleBp:
          cfa = bp + rule_cfa_bytes(rule);
          flags = kUsesBp;
          break;
        case kRuleBpWord:
          cfa_word = bp + rule_cfa_bytes(rule);
          if (!is_frame_word(cfa_word, sp, high)) return result;
          cfa = stack_word(cfa_word);
          if (cfa <= cfa_word) return result;
          flags = kUsesBp | kChecksCfa;
          break;
        case kRuleEnd:
          return result.end = WalkEnd::kStackEnd, result;
        case kRuleNone:
          if (!known) result.end = WalkEnd::kNoRule;
          return result;
        default:
          return result;
      }
      if ((cfa & 7) != 0 || !is_next_cfa(cfa, sp, high)) return result;
      const uint64_t from = rule & kRuleBpMask;
      if (from != kBpSame) {
        bp_word = from == kBpAtCfa ? cfa - rule_bp_bytes(rule) : bp + rule_bp_bytes(rule);
        if (from == kBpAtBp) {
          if (!is_frame_word(bp_word, sp, cfa)) return result;
          flags |= kUsesBp;
        }
        bp = stack_word(bp_word);
        flags |= kRestoresBp;
      }
    }
    if (index == 0) return result;
    --index;
    ++result.count;
    const uint64_t slot = cfa - 8;
    const int32_t offset = static_cast<int32_t>(slot - base);
    key = stack_word(slot);
    sp = cfa;
    // New frames push old ones out from the innermost; those could join only past kMaxFrames.
    if (old >= static_cast<int32_t>(index)) old = static_cast<int32_t>(index) - 1;
    replay.pc[index] = key;
    replay.bp[index] = bp;
    replay.slot[index] = offset | flags;
    replay.bp_slot[index] = static_cast<int32_t>(bp_word - base);
    replay.cfa_slot[index] = static_cast<int32_t>(cfa_word - base);
    if (key == 0) return result.end = WalkEnd::kStackEnd, result.zero_word = true, result;
    while (old >= 0 && replay.slot[old] < offset) --old;
    if (old < 0 || (replay.slot[old] & ~kFlags) != offset || replay.pc[old] != key) continue;
    if (kMutant != 2 && (replay.slot[old] & kNeedsBp) && replay.bp[old] != bp) continue;
    const int32_t changed = first_changed(replay, old);
    if (changed < 0) return result.end = WalkEnd::kJoined, result.joined = old, result;
    old = changed;
  }
}

// Moves the walked frames behind the `kept` old ones and works out what each depends on; returns
// whether the walk depends on the rbp it began with.
bool keep_walked(Replay& replay, const Walk& walked, uint32_t kept, bool needs_bp) {
  uint64_t hash = kept ? replay.hash[kept - 1] : seed(replay.salt);
  uint32_t to = kept;
  for (uint32_t from = kMaxFrames - walked.count; from < kMaxFrames; ++from, ++to) {
    const int32_t found = replay.slot[from];
    int32_t slot = (found & ~kFlags) | (found & kChecksCfa);
    if (needs_bp) slot |= kNeedsBp;
    if (needs_bp && (found & kRestoresBp)) slot |= kChecksBp;
    needs_bp = (found & kUsesBp) || (needs_bp && !(found & kRestoresBp));
    const bool is_frame = to != 0 || !walked.zero_word;
    if (is_frame) hash = extend(hash, replay.pc[from]);
    replay.pc[to] = replay.pc[from];
    replay.bp[to] = replay.bp[from];
    replay.slot[to] = slot;
    replay.bp_slot[to] = replay.bp_slot[from];
    replay.cfa_slot[to] = replay.cfa_slot[from];
    replay.hash[to] = hash;
  }
  return needs_bp;
}

void hash_again(Replay& replay, uint32_t frames) {
  uint64_t hash = seed(replay.salt);
  for (uint32_t i = 0; i < frames; ++i) {
    if (i != 0 || !replay.hidden) hash = extend(hash, replay.pc[i]);
    replay.hash[i] = hash;
  }
}

// Whether offsets from replay.base reach everything from sp to high.
bool in_reach(const Replay& replay, uint64_t sp, uint64_t high) {
  constexpr uint64_t kReach = uint64_t{1} << 31;
  return sp - replay.base + kReach < 2 * kReach && high - replay.base + kReach < 2 * kReach;
}

}  // namespace

uint64_t hash_frames(const uint64_t* outermost_first, unsigned count, uint32_t salt) {
  uint64_t hash = seed(salt);
  for (unsigned i = 0; i < count; ++i) hash = extend(hash, outermost_first[i]);
  return never_zero(hash);
}

Captured capture_whole(uint64_t* frames, const Registers& regs, uint64_t stack_high,
                       unsigned skip) {
  bool truncated = false;
  const unsigned count = unwind(regs, stack_high, frames, kMaxFrames, &truncated);
  for (unsigned i = 0, j = count; i + 1 < j; ++i) {
    --j;
    const uint64_t inner = frames[i];
    frames[i] = frames[j];
    frames[j] = inner;
  }
  const unsigned depth = count > skip ? count - skip : 0;
  return {frames, depth, depth, hash_frames(frames, depth, stack_salt()), truncated};
}

uint32_t words_below(const Replay& replay, uint64_t sp, uint64_t* values, int32_t* at, uint32_t max,
                     uint64_t* end) {
  uint32_t n = 0;
  auto add = [&](int32_t offset, uint64_t value) {
    values[n] = value;
    at[n++] = static_cast<int32_t>(address(replay, offset) - sp);
  };
  for (uint32_t i = replay.size; i-- > 0;) {
    const int32_t slot = replay.slot[i];
    if (n + 3 > max) return 0;
    if (slot & kChecksCfa) add(replay.cfa_slot[i], address(replay, slot) + 8);
    if (slot & kChecksBp) add(replay.bp_slot[i], replay.bp[i]);
    add(slot, replay.pc[i]);
  }
  if (n != 0) *end = address(replay, replay.slot[0]) + 8;
  return n;
}

Captured capture(Replay& replay, const Registers& regs, uint64_t stack_high, unsigned skip) {
  const StackBounds bounds = bounds_of(regs.sp, stack_high);
  const uint32_t generation = unwind_generation();
  uint32_t remembered = replay.size;
  if (replay.generation != generation && kMutant != 5) remembered = 0;
  if (remembered != 0 && (!in_reach(replay, regs.sp, bounds.high) ||
                          (kMutant != 7 && address(replay, replay.slot[0]) + 8 > bounds.high))) {
    remembered = 0;
  }
  replay.size = 0;  // should a signal handler never come back, nothing half-written is remembered
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (remembered == 0) {
    replay.base = regs.sp & ~uint64_t{7};
    replay.generation = generation;
  }

  Walk walked{WalkEnd::kElsewhere, 0, 0, false};
  if ((regs.sp & 7) == 0 && in_reach(replay, regs.sp, bounds.high)) {
    walked = walk(replay, regs, bounds.high, bounds.known, remembered);
  }
  if (walked.end == WalkEnd::kElsewhere) {
    replay.shown = 0;
    return capture_whole(replay.pc, regs, stack_high, skip);
  }

  uint32_t kept = 0, common = 0;
  bool needs_bp = false;
  if (walked.end == WalkEnd::kJoined) {
    kept = static_cast<uint32_t>(walked.joined);
    needs_bp = replay.slot[kept] & kNeedsBp;
    common = kept + 1;
  } else {
    replay.hidden = walked.zero_word;
    replay.truncated = walked.end == WalkEnd::kNoRule;
  }
  if (const uint32_t salt = stack_salt(); replay.salt != salt) {
    replay.salt = salt;
    hash_again(replay, kept);
  }
  replay.uses_bp = keep_walked(replay, walked, kept, needs_bp);
  const uint32_t size = kept + walked.count;
  const uint32_t frames = size - replay.hidden;
  const uint32_t depth = frames > skip ? frames - skip : 0;
  common = common > replay.hidden ? common - replay.hidden : 0;
  if (common > replay.shown) common = replay.shown;
  if (common > depth) common = depth;
  replay.shown = depth;
  const uint64_t hash = depth ? replay.hash[replay.hidden + depth - 1] : seed(replay.salt);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  replay.size = size;
  return {replay.pc + replay.hidden, depth, depth - common, never_zero(hash),
          replay.truncated != 0};
}

}  // namespace track::core
