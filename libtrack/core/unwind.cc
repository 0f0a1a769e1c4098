#include "libtrack/core/unwind.h"

#include <stdint.h>

#include "libtrack/core/unwind_rules.h"
#include "libtrack/core/unwind_slow.h"
#include "libtrack/core/unwind_words.h"

namespace track::core {

TRACK_READS_STACK unsigned unwind(const Registers& regs, uint64_t stack_high, uint64_t* out,
                                  unsigned max, bool* truncated) {
  StackBounds bounds = bounds_of(regs.sp, stack_high);
  uint64_t key = regs.pc + 1, sp = regs.sp, bp = regs.bp;
  unsigned count = 0;
  *truncated = true;
  if (sp & 7) return 0;
  for (;;) {
    const uint64_t rule = rule_for(key);
    const uint64_t kind = rule & kRuleKindMask;
    uint64_t cfa;
    if (__builtin_expect(kind == (kRuleSp | kBpSame), 1)) {
      cfa = sp + rule_cfa_bytes(rule);
      if (!is_next_cfa(cfa, sp, bounds.high)) return count;
    } else if (kind == (kRuleSp | kBpAtCfa)) {
      cfa = sp + rule_cfa_bytes(rule);
      if (!is_next_cfa(cfa, sp, bounds.high)) return count;
      bp = stack_word(cfa - rule_bp_bytes(rule));
    } else if (kind == (kRuleBp | kBpAtCfa)) {
      cfa = bp + rule_cfa_bytes(rule);
      if ((cfa & 7) != 0 || !is_next_cfa(cfa, sp, bounds.high)) return count;
      bp = stack_word(cfa - rule_bp_bytes(rule));
    } else {
      uint64_t low = sp;  // the CFA must lie above the word it was read from, too
      switch (kind & kRuleCfaMask) {
        case kRuleSp:
          cfa = sp + rule_cfa_bytes(rule);
          break;
        case kRuleBp:
          cfa = bp + rule_cfa_bytes(rule);
          break;
        case kRuleBpWord:
          low = bp + rule_cfa_bytes(rule);
          if (!is_frame_word(low, sp, bounds.high)) return count;
          cfa = stack_word(low);
          break;
        case kRulePlt:
          cfa = sp + 8 + (((key - 1) & 15) * 8 >= rule_cfa_bytes(rule) ? 8 : 0);
          break;
        case kRuleSignal: {
          if (bounds.high - sp < kSignalSize || count == max) return count;
          const uint64_t handler_sp = sp;
          bp = stack_word(handler_sp + kSignalBp);
          key = stack_word(handler_sp + kSignalPc) + 1;
          sp = stack_word(handler_sp + kSignalSp);
          if (sp & 7) return count;
          bounds = bounds_after_signal(bounds, sp, handler_sp);
          out[count++] = key - 1;
          continue;
        }
        case kRuleNone: {
          uint64_t caller = 0;
          const FramePointerStep step = frame_pointer_step(key, bounds, &sp, &bp, &caller);
          if (step == FramePointerStep::kEnd) *truncated = false;
          if (step != FramePointerStep::kCaller || count == max) return count;
          out[count++] = key = caller;
          continue;
        }
        case kRuleEnd:
          *truncated = false;
          return count;
        default:
          return unwind_slowly(regs, stack_high, out, max, truncated);
      }
      if ((cfa & 7) != 0 || !is_next_cfa(cfa, low, bounds.high)) return count;
      if ((kind & kRuleBpMask) == kBpAtCfa) {
        bp = stack_word(cfa - rule_bp_bytes(rule));
      } else if ((kind & kRuleBpMask) == kBpAtBp) {
        const uint64_t word = bp + rule_bp_bytes(rule);
        if (!is_frame_word(word, sp, cfa)) return count;
        bp = stack_word(word);
      }
    }
    key = stack_word(cfa - 8);
    sp = cfa;
    if (key == 0) break;
    if (count == max) return count;
    out[count++] = key;
  }
  *truncated = false;
  return count;
}

}  // namespace track::core
