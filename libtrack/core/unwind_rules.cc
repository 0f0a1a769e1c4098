#include "libtrack/core/unwind_rules.h"

#include <stdint.h>

#include <atomic>

#include "libtrack/core/eh_frame.h"
#include "libtrack/core/hot.h"
#include "libtrack/core/unwind.h"

namespace track::core {

TRACK_HOT std::atomic<uint32_t> g_generation{1};
std::atomic<uint32_t> g_stack_salt{1};
std::atomic<void (*)(uint64_t)> code_met{nullptr};
alignas(4096) std::atomic<uint64_t> g_rules[uint64_t{1} << kRuleIndexBits];

namespace {

constexpr uint64_t kRules = uint64_t{1} << kRuleIndexBits;
constexpr uint64_t kRulesPerPage = 4096 / sizeof(uint64_t);
constexpr uint64_t kPagesPerWord = 64;

// Pages of g_rules ever written, so that forgetting does not touch the others.
std::atomic<uint64_t> g_used_pages[kRules / kRulesPerPage / kPagesPerWord];

uint64_t pack(uint64_t kind, int64_t cfa, int64_t bp) {
  if ((cfa & 7) != 0 || (bp & 7) != 0 || bp < 0 || bp > 127 * 8) return kRuleRare;
  if (cfa < -(1 << 20) || cfa >= (1 << 20)) return kRuleRare;
  return static_cast<uint64_t>(cfa / 8) << kRuleCfaShift | static_cast<uint64_t>(bp) << 2 | kind;
}

uint64_t rule_of_row(const UnwindRow& row) {
  if (row.return_address.at == SavedAt::kUndefined) return kRuleEnd;
  if (row.return_address.at != SavedAt::kCfa || row.return_address.offset != -8) return kRuleRare;
  uint64_t kind = kRuleRare;
  if (row.cfa_from == CfaFrom::kPlt) return pack(kRulePlt, row.cfa_offset * 8, 0);
  if (row.cfa_from == CfaFrom::kBpWord) kind = kRuleBpWord;
  if (row.cfa_from == CfaFrom::kRegister && row.cfa_register == kDwarfSp) kind = kRuleSp;
  if (row.cfa_from == CfaFrom::kRegister && row.cfa_register == kDwarfBp) kind = kRuleBp;
  if (kind == kRuleRare) return kind;
  switch (row.bp.at) {
    case SavedAt::kSame:
      return pack(kind | kBpSame, row.cfa_offset, 0);
    case SavedAt::kCfa:
      // A word at the CFA itself or above would lie outside the bounds that the walk checks.
      if (row.bp.offset > -8) return kRuleRare;
      return pack(kind | kBpAtCfa, row.cfa_offset, -row.bp.offset);
    case SavedAt::kBp:
      return pack(kind | kBpAtBp, row.cfa_offset, row.bp.offset);
    default:
      return kRuleRare;
  }
}

uint64_t read_rule(uint64_t key) {
  Fde fde;
  switch (find_fde(key - 1, &fde)) {
    case FdeLookup::kFound:
      break;
    case FdeLookup::kAbsent:
      return is_laid_end(key) ? kRuleEnd : kRuleNone;
    case FdeLookup::kUnreadable:
      return kRuleRare;
  }
  if (fde.signal_frame) return kRuleSignal;
  UnwindRow row;
  return row_at(fde, key - 1, &row) ? rule_of_row(row) : kRuleRare;
}

}  // namespace

bool is_laid_end(uint64_t key) {
  Fde fde;
  return find_fde(key, &fde) == FdeLookup::kFound && fde.start == key;
}

[[gnu::noinline, gnu::cold]] uint64_t rule_from_tables(uint64_t key) {
  const uint32_t generation = g_generation.load(std::memory_order_seq_cst);
  if (auto* meet = code_met.load(std::memory_order_acquire)) meet(key - 1);
  const uint64_t rule = read_rule(key) | rule_key_bits(key);
  const uint64_t index = key % kRules;
  const uint64_t page = index / kRulesPerPage;
  g_used_pages[page / kPagesPerWord].fetch_or(uint64_t{1} << page % kPagesPerWord,
                                              std::memory_order_seq_cst);
  g_rules[index].store(rule, std::memory_order_seq_cst);
  // Either this load sees the new generation or unwind_modules_changed() sees the word stored.
  if (g_generation.load(std::memory_order_seq_cst) != generation) {
    g_rules[index].store(0, std::memory_order_relaxed);
  }
  return rule;
}

void unwind_modules_changed() {
  g_generation.fetch_add(1, std::memory_order_seq_cst);
  for (uint64_t page = 0; page < kRules / kRulesPerPage; ++page) {
    const uint64_t used = g_used_pages[page / kPagesPerWord].load(std::memory_order_seq_cst);
    if (!(used >> page % kPagesPerWord & 1)) continue;
    for (uint64_t i = page * kRulesPerPage; i < (page + 1) * kRulesPerPage; ++i) {
      if (g_rules[i].load(std::memory_order_relaxed) != 0) {
        g_rules[i].store(0, std::memory_order_relaxed);
      }
    }
  }
}

uint32_t function_start(uint64_t pc, uint64_t* start, uint64_t* end) {
  Fde fde;
  if (find_fde(pc, &fde) != FdeLookup::kFound) return 0;
  *start = fde.start;
  *end = fde.end;
  return 1;
}

}  // namespace track::core
