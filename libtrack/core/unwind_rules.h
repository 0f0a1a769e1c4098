// unwind_rules.h: the unwind rule of one return address, packed into one 8-byte word and remembered
// in a process-wide table. For unwind.cc and replay.cc only.
//  - A word carries its own key, so a load or store is whole or a miss: no locks, signal-safe.
//  - Keys are return addresses; the rule is that of the byte before (the call). For an exact pc, as
//    after a signal frame, the key is pc + 1.
#pragma once

#include <stdint.h>

#include <atomic>

namespace track::core {

// Low three bits of a rule: where the CFA comes from.
inline constexpr uint64_t kRuleNone = 0;    // no table covers this address
inline constexpr uint64_t kRuleSp = 1;      // rsp + cfa
inline constexpr uint64_t kRuleBp = 2;      // rbp + cfa
inline constexpr uint64_t kRuleBpWord = 3;  // the word at rbp + cfa
inline constexpr uint64_t kRulePlt = 4;  // lazy PLT entry; from byte cfa / 8 on, a word is pushed
inline constexpr uint64_t kRuleSignal = 5;  // the kernel's signal frame at rsp
inline constexpr uint64_t kRuleEnd = 6;     // outermost frame
inline constexpr uint64_t kRuleRare =
    7;  // does not fit: unwind_slowly() reads it in full, or gives up
inline constexpr uint64_t kRuleCfaMask = 7;

// The next two bits: where the caller's rbp is.
inline constexpr uint64_t kBpSame = 0 << 3;
inline constexpr uint64_t kBpAtCfa = 1 << 3;  // the word at CFA - bp
inline constexpr uint64_t kBpAtBp = 2 << 3;   // the word at rbp + bp
inline constexpr uint64_t kRuleBpMask = 3 << 3;
inline constexpr uint64_t kRuleKindMask = kRuleCfaMask | kRuleBpMask;

// cfa: bits 63-46, signed, in words. key: bits 45-12. bp: bits 11-5, in words.
inline constexpr unsigned kRuleIndexBits = 16, kRuleCfaShift = 46;
inline constexpr uint64_t kRuleKeyMask = ((uint64_t{1} << 34) - 1) << 12;

// Signed, as two's complement: add it to an address.
inline uint64_t rule_cfa_bytes(uint64_t rule) {
  return static_cast<uint64_t>((static_cast<int64_t>(rule) >> kRuleCfaShift) * 8);
}
inline uint64_t rule_bp_bytes(uint64_t rule) {
  return rule >> 2 & 0x3f8;
}

// The bits of a key that its place in the table does not tell.
inline uint64_t rule_key_bits(uint64_t key) {
  return key >> 4 & kRuleKeyMask;
}

[[gnu::visibility("hidden")]] extern std::atomic<uint64_t> g_rules[uint64_t{1} << kRuleIndexBits];

// Whether a key whose call no table covers is where a function starts. Nobody called from there: it
// was laid on the stack to be returned to, as its end (makecontext's __start_context).
bool is_laid_end(uint64_t key);

// Reads the tables and remembers what they say.
uint64_t rule_from_tables(uint64_t key);

// An empty word is the right answer for the addresses it matches: those of the first 64 KiB.
inline uint64_t rule_for(uint64_t key) {
  const uint64_t rule =
      g_rules[key & ((uint64_t{1} << kRuleIndexBits) - 1)].load(std::memory_order_relaxed);
  if (__builtin_expect(((rule ^ key >> 4) & kRuleKeyMask) != 0, 0)) return rule_from_tables(key);
  return rule;
}

}  // namespace track::core
