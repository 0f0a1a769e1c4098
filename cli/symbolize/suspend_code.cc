#include "cli/symbolize/suspend_code.h"

#include <array>

namespace track::symbolize {
namespace {

constexpr uint64_t kMostPoints = 4096;
constexpr uint8_t kRsp = 4;

bool has_word_operand(const Operand& operand) {
  return operand.kind == Operand::memory && operand.bytes == 2 && operand.base < 16 &&
         operand.index == Operand::kNoRegister;
}

// GCC's destroy sets the lowest bit of the index and goes on in the resume function, which may be
// copied into it (then `inlined`).
std::optional<int64_t> index_in_gcc_destroy(MachineCode& code, uint64_t destroy, uint64_t resume,
                                            bool& inlined) {
  constexpr int kMostInstructions = 40;
  std::optional<int64_t> loaded, found;
  bool set = false;
  uint64_t at = destroy;
  for (int n = 0; n < kMostInstructions; ++n) {
    const Instruction* i = code.at(at);
    if (i == nullptr) break;
    const bool by_one = i->from.kind == Operand::immediate && i->from.value == 1;
    if (i->op == ZYDIS_MNEMONIC_OR && by_one) {
      if (has_word_operand(i->to)) found = i->to.value;
      set = found || loaded;
    } else if (i->op == ZYDIS_MNEMONIC_MOVZX && has_word_operand(i->from)) {
      if (!set) loaded = i->from.value;
    } else if (i->op == ZYDIS_MNEMONIC_MOV && set && !found && has_word_operand(i->to)) {
      if (i->to.value == *loaded) found = loaded;
    } else if (i->op == ZYDIS_MNEMONIC_JMP || i->op == ZYDIS_MNEMONIC_CALL) {
      if (i->to.kind != Operand::immediate) break;
      if (static_cast<uint64_t>(i->to.value) == resume) return set && found ? found : std::nullopt;
      if (i->op == ZYDIS_MNEMONIC_CALL) break;
      at = static_cast<uint64_t>(i->to.value);
      continue;
    } else if (i->ends_flow() || i->conditional) {
      break;
    }
    if (found) inlined = true;
    at = i->next;
  }
  return inlined ? found : std::nullopt;
}

bool contains(const std::vector<CodeRange>& body, uint64_t address) {
  for (const auto& [start, end] : body)
    if (address >= start && address < end) return true;
  return false;
}

void read_targets(MachineCode& code, uint64_t resume, const std::vector<CodeRange>& body,
                  SuspendCode& result) {
  const uint64_t step = result.gcc ? 2 : 1;
  const uint64_t limit = result.index->bytes == 1 ? 256 : kMostPoints;
  for (uint64_t value = 0; value < limit; value += step) {
    const WalkResult walk = walk_dispatch(code, resume, &*result.index, value);
    if (!walk.target || !contains(body, *walk.target)) break;
    const Instruction* i = code.at(*walk.target);
    if (result.gcc && i != nullptr && i->op == ZYDIS_MNEMONIC_UD2) break;
    result.targets[value] = *walk.target;
  }
}

// Collects stores of constants into the index field, in the order of addresses. Registers are
// followed only as far as constants go: compilers load them next to the store.
class StoreScan {
 public:
  StoreScan(MachineCode& code, const std::vector<CodeRange>& body, SuspendCode& result)
      : code_(code), body_(body), result_(result) {}

  void scan(const CodeRange& range) {
    forget();
    for (uint64_t at = range.first; at < range.second;) {
      const Instruction* i = code_.at(at);
      if (i == nullptr) {
        ++at;
        forget();
        continue;
      }
      look(*i);
      at = i->next;
    }
  }

 private:
  void forget() { constants_.fill(std::nullopt); }

  bool is_index(const Operand& operand) const {
    return operand.kind == Operand::memory && operand.base < 16 && operand.base != kRsp &&
           operand.index == Operand::kNoRegister && operand.value == result_.index->offset &&
           operand.bytes == result_.index->bytes;
  }

  std::optional<uint64_t> stored(const Instruction& i) const {
    if (i.op != ZYDIS_MNEMONIC_MOV || !is_index(i.to)) return std::nullopt;
    if (i.from.kind == Operand::immediate) return static_cast<uint64_t>(i.from.value);
    if (i.from.plain_register()) return constants_[i.from.number];
    return std::nullopt;
  }

  void add(uint64_t value, uint64_t address) {
    const uint64_t mask = (uint64_t{1} << (8 * result_.index->bytes)) - 1;
    result_.stores.emplace(value & mask, address);
  }

  void look(const Instruction& i) {
    if (const auto value = stored(i)) return add(*value, i.address);
    if (i.direct_jump()) {
      follow_merged_tail(i);
      return forget();
    }
    if (i.op == ZYDIS_MNEMONIC_CALL) {
      for (const uint8_t scratch : {0, 1, 2, 6, 7, 8, 9, 10, 11}) constants_[scratch].reset();
      return;
    }
    if (i.op == ZYDIS_MNEMONIC_PUSH) {
      pushed_.reset();
      if (i.to.kind == Operand::immediate) pushed_ = static_cast<uint64_t>(i.to.value);
      return;
    }
    if (i.op == ZYDIS_MNEMONIC_CMP || i.op == ZYDIS_MNEMONIC_TEST || !i.to.plain_register()) return;
    std::optional<uint64_t>& known = constants_[i.to.number];
    known.reset();
    if (i.op == ZYDIS_MNEMONIC_MOV && i.from.kind == Operand::immediate)
      known = static_cast<uint64_t>(i.from.value);
    if (i.op == ZYDIS_MNEMONIC_XOR && i.from.plain_register() && i.from.number == i.to.number)
      known = 0;
    if (i.op == ZYDIS_MNEMONIC_POP) std::swap(known, pushed_);
  }

  // `mov $K,%al; jmp S; S: mov %al,index`: the place of suspension is the jump's.
  void follow_merged_tail(const Instruction& jump) {
    constexpr int kMostBetween = 3;
    uint64_t at = static_cast<uint64_t>(jump.to.value);
    if (!contains(body_, at)) return;
    for (int n = 0; n < kMostBetween; ++n) {
      const Instruction* i = code_.at(at);
      if (i == nullptr) return;
      if (i->op == ZYDIS_MNEMONIC_MOV && is_index(i->to)) {
        if (!i->from.plain_register()) return;
        if (const auto value = constants_[i->from.number]) add(*value, jump.address);
        return;
      }
      at = i->next;
    }
  }

  MachineCode& code_;
  const std::vector<CodeRange>& body_;
  SuspendCode& result_;
  std::array<std::optional<uint64_t>, 16> constants_;
  std::optional<uint64_t> pushed_;
};

void read_stores(MachineCode& code, const std::vector<CodeRange>& body, SuspendCode& result) {
  result.stores.clear();
  StoreScan scan(code, body, result);
  for (const CodeRange& range : body) scan.scan(range);
}

// The first narrow field that decides a branch, in resume and in destroy: the one that fits best.
void read_clang(MachineCode& code, uint64_t destroy, const std::vector<CodeRange>& body,
                SuspendCode& result) {
  const uint64_t resume = body.front().first;
  const auto first = walk_dispatch(code, resume, nullptr, 0).decider;
  const auto second = destroy != 0 ? walk_dispatch(code, destroy, nullptr, 0).decider : first;
  int best = 0;
  for (const auto& candidate : {first, second}) {
    if (!candidate || candidate->bytes > 4 || candidate->offset < 16) continue;
    SuspendCode trial;
    trial.index = candidate;
    read_targets(code, resume, body, trial);
    read_stores(code, body, trial);
    int trust = first == second ? 2 : 0;
    if (!trial.stores.empty()) trust += 2;
    if (trial.targets.size() > 1) trust += 1;
    if (trust <= best) continue;
    best = trust;
    result = std::move(trial);
  }
  if (best < 3) result = {};
}

}  // namespace

std::multimap<uint64_t, uint64_t> read_index_stores(MachineCode& code, const CodeRange& range,
                                                    const FrameField& index) {
  SuspendCode result;
  result.index = index;
  read_stores(code, {range}, result);
  return std::move(result.stores);
}

SuspendCode read_suspend_code(MachineCode& code, uint64_t destroy,
                              const std::vector<CodeRange>& body,
                              const std::optional<FrameField>& known) {
  SuspendCode result;
  const uint64_t resume = body.front().first;
  bool inlined = false;
  auto offset = index_in_gcc_destroy(code, destroy, resume, inlined);
  if (offset && inlined) {
    const WalkResult walk = walk_dispatch(code, resume, nullptr, 0);
    if (walk.loads.count({*offset, 2}) == 0) offset.reset();
  }
  if (offset) {
    result.gcc = true;
    result.index = FrameField{*offset, 2};
  }
  if (known) {
    result.gcc = result.gcc || known->bytes == 2;
    result.index = known;
  }
  if (!result.index) {
    read_clang(code, destroy, body, result);
    return result;
  }
  read_targets(code, resume, body, result);
  read_stores(code, body, result);
  return result;
}

}  // namespace track::symbolize
