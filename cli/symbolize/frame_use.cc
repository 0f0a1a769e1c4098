#include "cli/symbolize/frame_use.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_set>
#include <vector>

namespace track::symbolize {
namespace {

constexpr uint8_t kRax = 0, kRcx = 1, kRdx = 2, kRbx = 3, kRsp = 4, kRbp = 5, kRsi = 6, kRdi = 7;
constexpr int64_t kPromise = 16;  // what lies before are the two functions
constexpr int64_t kLargestFrame = 1 << 20;
constexpr size_t kMostInstructions = 1 << 15;

struct Value {
  enum Kind : uint8_t { unknown, frame, head, constant } kind = unknown;
  int64_t number = 0;  // an offset into the frame, or the constant
};

// Two registers whose sum lies `offset` bytes into the frame; none where they are the same.
struct Sum {
  uint8_t a = 0, b = 0;
  int64_t offset = 0;

  bool holds() const { return a != b; }
  bool is(uint8_t x, uint8_t y) const {
    return holds() && ((x == a && y == b) || (x == b && y == a));
  }
};

struct State {
  std::array<Value, 16> registers;
  std::map<std::pair<uint8_t, int64_t>, Value> stack;  // by register and displacement
  Sum sum;

  void set(uint8_t reg, const Value& value) {
    registers[reg] = value;
    if (reg == sum.a || reg == sum.b) sum = {};
  }
};

bool kept_over_calls(uint8_t reg) {
  return reg == kRbx || reg == kRbp || reg == kRsp || reg >= 12;
}

class Walk {
 public:
  Walk(MachineCode& code, const std::pair<uint64_t, uint64_t>& extent)
      : code_(code), extent_(extent) {}

  FrameUse run() {
    look_at_arguments();
    return run({extent_.first, kRdi, 0});
  }

  FrameUse run(const FrameMaker& maker) {
    State entry;
    if (maker.with == Operand::kNoRegister)
      entry.registers[maker.reg] = {Value::frame, maker.offset};
    else
      entry.sum = {maker.reg, maker.with, maker.offset};
    follow(maker.at, entry);
    while (!todo_.empty()) {
      const auto [at, state] = std::move(todo_.back());
      todo_.pop_back();
      follow(at, state);
    }
    // What only a table of jumps leads to.
    if (at_table_)
      for (uint64_t at = extent_.first; at < extent_.second;) {
        const Instruction* i = code_.at(at);
        if (i == nullptr) break;
        if (seen_.count(at) == 0) follow(at, *at_table_);
        at = i->next;
      }
    return std::move(use_);
  }

 private:
  bool inside(uint64_t address) const {
    return address >= extent_.first && address < extent_.second;
  }

  // Registers of arguments that are read before the first branch, and before they are written.
  void look_at_arguments() {
    std::array<bool, 16> written{};
    const auto reads = [&](uint8_t reg) {
      const bool argument = reg == kRsi || reg == kRdx || reg == kRcx || reg == 8 || reg == 9;
      if (argument && !written[reg]) use_.other_arguments = true;
    };
    const auto reads_operand = [&](const Operand& operand, bool stored_to) {
      if (operand.plain_register() && !stored_to) reads(operand.number);
      if (operand.kind != Operand::memory) return;
      if (operand.base < 16) reads(operand.base);
      if (operand.index < 16) reads(operand.index);
    };
    for (uint64_t at = extent_.first; inside(at);) {
      const Instruction* i = code_.at(at);
      if (i == nullptr || i->ends_flow() || i->conditional || i->op == ZYDIS_MNEMONIC_CALL ||
          i->op == ZYDIS_MNEMONIC_JMP)
        return;
      at = i->next;
      const bool saves = i->op == ZYDIS_MNEMONIC_PUSH || i->op == ZYDIS_MNEMONIC_NOP;
      const bool clears = i->op == ZYDIS_MNEMONIC_XOR && i->to.plain_register() &&
                          i->from.plain_register() && i->to.number == i->from.number;
      const bool writes = i->op == ZYDIS_MNEMONIC_MOV || i->op == ZYDIS_MNEMONIC_LEA ||
                          i->op == ZYDIS_MNEMONIC_MOVZX || i->op == ZYDIS_MNEMONIC_MOVSX ||
                          i->op == ZYDIS_MNEMONIC_MOVSXD || i->op == ZYDIS_MNEMONIC_POP || clears;
      if (!saves && !clears) {
        reads_operand(i->from, false);
        reads_operand(i->to, writes);
      }
      if (i->to.plain_register()) written[i->to.number] = true;
    }
  }

  void follow(uint64_t at, State state) {
    while (inside(at) && seen_.size() < kMostInstructions && seen_.insert(at).second) {
      const Instruction* i = code_.at(at);
      if (i == nullptr || i->ends_flow()) return;
      look(*i, state);
      if (i->conditional && i->to.kind == Operand::immediate)
        todo_.emplace_back(static_cast<uint64_t>(i->to.value), state);
      if (i->op == ZYDIS_MNEMONIC_JMP) {
        if (!i->direct_jump()) {
          if (!at_table_) at_table_ = state;
          return;
        }
        at = static_cast<uint64_t>(i->to.value);
        if (!inside(at)) look_at_call(at, state);
        continue;
      }
      at = i->next;
    }
  }

  // The value that an operand has before the instruction.
  Value value_of(const Operand& operand, State& state) {
    switch (operand.kind) {
      case Operand::reg:
        if (!operand.plain_register()) return {};
        if (operand.bytes < 4 && state.registers[operand.number].kind == Value::frame) return {};
        return state.registers[operand.number];
      case Operand::immediate:
        return {Value::constant, operand.value};
      case Operand::memory: {
        if (operand.index != Operand::kNoRegister || operand.base >= 16) return {};
        const Value base = state.registers[operand.base];
        if (base.kind == Value::frame)
          return base.number + operand.value == 0 && operand.bytes == 8 ? Value{Value::head, 0}
                                                                        : Value{};
        const auto kept = state.stack.find({operand.base, operand.value});
        return kept != state.stack.end() && operand.bytes == 8 ? kept->second : Value{};
      }
      default:
        return {};
    }
  }

  // Where in the frame; nothing when it is not the frame.
  static std::optional<int64_t> offset_of(const Operand& operand, const State& state) {
    if (operand.kind != Operand::memory || operand.base >= 16) return std::nullopt;
    int64_t offset = operand.value;
    if (operand.index != Operand::kNoRegister) {
      if (operand.scale != 1 || !state.sum.is(operand.base, operand.index)) return std::nullopt;
      offset += state.sum.offset;
    } else {
      if (state.registers[operand.base].kind != Value::frame) return std::nullopt;
      offset += state.registers[operand.base].number;
    }
    if (offset < 0 || offset > kLargestFrame) return std::nullopt;
    return offset;
  }

  void use(int64_t offset, uint64_t bytes) {
    use_.used_bytes = std::max(use_.used_bytes, static_cast<uint64_t>(offset) + bytes);
  }

  void look(const Instruction& i, State& state) {
    for (const Operand* operand : {&i.to, &i.from})
      if (const auto offset = offset_of(*operand, state))
        use(*offset, i.op == ZYDIS_MNEMONIC_LEA ? 1 : operand->bytes);
    look_at_fields(i, state);
    if (i.op == ZYDIS_MNEMONIC_CALL) {
      look_at_call(i.to.kind == Operand::immediate ? static_cast<uint64_t>(i.to.value) : 0, state);
      for (uint8_t reg = 0; reg < 16; ++reg)
        if (!kept_over_calls(reg)) state.set(reg, {});
      return;
    }
    set(i, state);
  }

  void look_at_fields(const Instruction& i, State& state) {
    const bool compares = i.op == ZYDIS_MNEMONIC_CMP || i.op == ZYDIS_MNEMONIC_TEST;
    const bool loads = i.op == ZYDIS_MNEMONIC_MOV || i.op == ZYDIS_MNEMONIC_MOVZX;
    for (const Operand* operand : {&i.to, &i.from}) {
      const auto offset = offset_of(*operand, state);
      if (offset && *offset >= kPromise && operand->bytes == 1 &&
          (compares || (loads && operand == &i.from)))
        use_.narrow.insert(*offset);
    }
    const Value to = value_of(i.to, state), from = value_of(i.from, state);
    if (compares && to.kind == Value::head) {
      const bool itself = i.op == ZYDIS_MNEMONIC_TEST && from.kind == Value::head;
      const bool null =
          i.op == ZYDIS_MNEMONIC_CMP && from.kind == Value::constant && from.number == 0;
      use_.asks_head |= itself || null;
    }
    if (i.op == ZYDIS_MNEMONIC_MOV && i.to.kind == Operand::memory && to.kind == Value::head) {
      const bool null = from.kind == Value::constant && from.number == 0;
      (null ? use_.clears_head : use_.sets_head) = true;
    }
  }

  void look_at_call(uint64_t function, const State& state) {
    const Value& first = state.registers[kRdi];
    if (first.kind != Value::frame) return;
    if (first.number != 0) return use(first.number, 1);
    if (function != 0) use_.given_to.insert(function);
    const Value& second = state.registers[kRsi];
    if (second.kind == Value::constant && second.number > kPromise &&
        second.number <= kLargestFrame)
      use_.freed_bytes = static_cast<uint64_t>(second.number);
  }

  void set(const Instruction& i, State& state) {
    Value value;
    switch (i.op) {
      case ZYDIS_MNEMONIC_MOV:
        value = value_of(i.from, state);
        break;
      case ZYDIS_MNEMONIC_LEA:
        if (const auto offset = offset_of(i.from, state)) value = {Value::frame, *offset};
        break;
      case ZYDIS_MNEMONIC_ADD:
        if (i.to.plain_register() && i.from.kind == Operand::immediate &&
            state.registers[i.to.number].kind == Value::frame)
          value = {Value::frame, state.registers[i.to.number].number + i.from.value};
        if (i.from.plain_register() && state.sum.is(i.to.number, i.from.number))
          value = {Value::frame, state.sum.offset};
        break;
      case ZYDIS_MNEMONIC_XOR:
        if (i.to.plain_register() && i.from.plain_register() && i.to.number == i.from.number)
          value = {Value::constant, 0};
        break;
      case ZYDIS_MNEMONIC_CMP:
      case ZYDIS_MNEMONIC_TEST:
      case ZYDIS_MNEMONIC_PUSH:
      case ZYDIS_MNEMONIC_NOP:
        return;
      default:
        break;
    }
    if (i.operands == 0) {
      state.set(kRax, {});
      return;
    }
    if (i.to.plain_register()) {
      state.set(i.to.number, value);
    } else if (i.to.kind == Operand::memory && i.to.index == Operand::kNoRegister &&
               i.to.base < 16 && state.registers[i.to.base].kind != Value::frame) {
      state.stack[{i.to.base, i.to.value}] = i.to.bytes == 8 ? value : Value{};
    }
  }

  MachineCode& code_;
  const std::pair<uint64_t, uint64_t> extent_;
  FrameUse use_;
  std::unordered_set<uint64_t> seen_;
  std::vector<std::pair<uint64_t, State>> todo_;
  std::optional<State> at_table_;
};

}  // namespace

FrameUse frame_use(MachineCode& code, const std::pair<uint64_t, uint64_t>& extent) {
  return Walk(code, extent).run();
}

FrameUse frame_use(MachineCode& code, const std::pair<uint64_t, uint64_t>& extent,
                   const FrameMaker& maker) {
  return Walk(code, extent).run(maker);
}

}  // namespace track::symbolize
