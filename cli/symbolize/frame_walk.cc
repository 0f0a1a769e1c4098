#include "cli/symbolize/frame_walk.h"

namespace track::symbolize {
namespace {

constexpr int kMostSteps = 240;
constexpr uint8_t kRsp = 4, kRdi = 7, kRax = 0;

// What is known about a register or a word of the stack.
struct Value {
  enum Kind : uint8_t {
    unknown,
    constant,  // number; tainted: the index had a part in it
    frame,     // address of the frame + number
    stack,     // stack pointer at the entry + number
    field,     // something made of an unknown field of the frame
  };
  Kind kind = unknown;
  bool tainted = false;
  int64_t number = 0;
  FrameField of;
};

uint64_t mask_of(uint8_t bytes) {
  return bytes >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * bytes)) - 1;
}

int64_t sign_extended(uint64_t value, uint8_t bytes) {
  if (bytes >= 8) return static_cast<int64_t>(value);
  const uint64_t sign = uint64_t{1} << (8 * bytes - 1);
  return static_cast<int64_t>(((value & mask_of(bytes)) ^ sign) - sign);
}

struct Flags {
  enum Kind : uint8_t { unknown, known, field } kind = unknown;
  bool zero = false, carry = false, sign = false, overflow = false, tainted = false;
  FrameField of;
};

class Walk {
 public:
  Walk(MachineCode& code, const FrameField* index, uint64_t value)
      : code_(code), index_(index), index_value_(value) {
    registers_[kRdi] = {Value::frame, false, 0, {}};
    registers_[kRsp] = {Value::stack, false, 0, {}};
  }

  WalkResult run(uint64_t entry) {
    uint64_t at = entry;
    for (int step = 0; step < kMostSteps && at != 0; ++step) {
      const Instruction* instruction = code_.at(at);
      if (instruction == nullptr) break;
      at = follow(*instruction);
    }
    return std::move(result_);
  }

 private:
  static Value number(int64_t value, bool tainted = false) {
    return {Value::constant, tainted, value, {}};
  }

  Value address_of(const Operand& operand, uint64_t next) const {
    Value sum = number(operand.value);
    std::optional<FrameField> from_field;
    const auto add = [&](uint8_t reg, int64_t scale) {
      if (reg == Operand::kNoRegister) return true;
      if (reg == Operand::kRip) {
        sum.number += static_cast<int64_t>(next);
        return true;
      }
      if (reg >= 16) return false;
      const Value& value = registers_[reg];
      switch (value.kind) {
        case Value::field:
          from_field = value.of;
          return true;
        case Value::constant:
          sum.number += value.number * scale;
          sum.tainted = sum.tainted || value.tainted;
          return true;
        case Value::frame:
        case Value::stack:
          if (scale != 1 || sum.kind != Value::constant) return false;
          sum.kind = value.kind;
          sum.number += value.number;
          return true;
        case Value::unknown:
          break;
      }
      return false;
    };
    if (!add(operand.base, 1) || !add(operand.index, operand.scale)) return {};
    if (!from_field) return sum;
    if (sum.kind != Value::constant) return {};
    return {Value::field, false, 0, *from_field};  // a table indexed by an unknown field
  }

  Value load(const Value& address, uint8_t bytes) {
    switch (address.kind) {
      case Value::field:
        return address;
      case Value::stack: {
        const auto known = stack_.find(address.number);
        return known == stack_.end() ? Value{} : known->second;
      }
      case Value::frame: {
        const auto stored = frame_.find(address.number);
        if (stored != frame_.end()) return stored->second;
        if (index_ != nullptr && address.number == index_->offset)
          return number(static_cast<int64_t>(index_value_ & mask_of(bytes)), true);
        const FrameField field{address.number, bytes};
        result_.loads.insert(field);
        return {Value::field, false, 0, field};
      }
      case Value::constant: {
        const auto raw = code_.read(static_cast<uint64_t>(address.number), bytes);
        return raw ? number(static_cast<int64_t>(*raw), address.tainted) : Value{};
      }
      case Value::unknown:
        break;
    }
    return {};
  }

  Value value_of(const Operand& operand, uint64_t next) {
    switch (operand.kind) {
      case Operand::reg: {
        if (!operand.plain_register()) return {};
        Value value = registers_[operand.number];
        if (value.kind == Value::constant)
          value.number =
              static_cast<int64_t>(static_cast<uint64_t>(value.number) & mask_of(operand.bytes));
        return value;
      }
      case Operand::memory:
        return load(address_of(operand, next), operand.bytes);
      case Operand::immediate:
        return number(operand.value);
      case Operand::none:
        break;
    }
    return {};
  }

  // The upper part of a register that keeps it is ignored: dispatch code extends what it reads.
  bool store(const Operand& operand, Value value, uint64_t next) {
    if (operand.kind == Operand::reg) {
      if (!operand.plain_register()) return true;
      if (value.kind == Value::constant)
        value.number =
            static_cast<int64_t>(static_cast<uint64_t>(value.number) & mask_of(operand.bytes));
      registers_[operand.number] = value;
      return true;
    }
    const Value address = address_of(operand, next);
    if (address.kind == Value::stack) {
      stack_[address.number] = value;
      return true;
    }
    if (address.kind != Value::frame) return false;
    frame_[address.number] = value;
    return true;
  }

  void set_flags(uint64_t left, uint64_t right, uint64_t value, ZydisMnemonic op, uint8_t bytes,
                 bool tainted) {
    const uint64_t mask = mask_of(bytes);
    const uint64_t top = uint64_t{1} << (8 * bytes - 1);
    flags_ = {};
    flags_.kind = Flags::known;
    flags_.tainted = tainted;
    flags_.zero = (value & mask) == 0;
    flags_.sign = (value & top) != 0;
    switch (op) {
      case ZYDIS_MNEMONIC_SUB:
      case ZYDIS_MNEMONIC_CMP:
        flags_.carry = left < right;
        flags_.overflow = ((left ^ right) & (left ^ value) & top) != 0;
        break;
      case ZYDIS_MNEMONIC_ADD:
        flags_.carry = (value & mask) < left;
        flags_.overflow = (~(left ^ right) & (left ^ value) & top) != 0;
        break;
      case ZYDIS_MNEMONIC_BT:
        flags_.carry = ((left >> (right & (8u * bytes - 1))) & 1) != 0;
        break;
      case ZYDIS_MNEMONIC_DEC:
        flags_.overflow = left == top;
        break;
      default:
        break;
    }
  }

  static uint64_t combined(ZydisMnemonic op, uint64_t left, uint64_t right) {
    switch (op) {
      case ZYDIS_MNEMONIC_ADD:
      case ZYDIS_MNEMONIC_INC:
        return left + right;
      case ZYDIS_MNEMONIC_SUB:
      case ZYDIS_MNEMONIC_CMP:
      case ZYDIS_MNEMONIC_DEC:
        return left - right;
      case ZYDIS_MNEMONIC_AND:
      case ZYDIS_MNEMONIC_TEST:
        return left & right;
      case ZYDIS_MNEMONIC_OR:
        return left | right;
      case ZYDIS_MNEMONIC_XOR:
        return left ^ right;
      case ZYDIS_MNEMONIC_SHL:
        return left << (right & 63);
      case ZYDIS_MNEMONIC_SHR:
      case ZYDIS_MNEMONIC_SAR:
        return left >> (right & 63);
      default:
        return left;
    }
  }

  // False: the walk ends.
  bool arithmetic(const Instruction& i) {
    Value left = value_of(i.to, i.next);
    Value right = i.operands < 2 ? number(1) : value_of(i.from, i.next);
    if (i.op == ZYDIS_MNEMONIC_XOR && i.to.plain_register() && i.from.plain_register() &&
        i.to.number == i.from.number)
      left = right = number(0);
    Value result;
    if (left.kind == Value::constant && right.kind == Value::constant) {
      const uint64_t mask = mask_of(i.to.bytes);
      const uint64_t l = static_cast<uint64_t>(left.number) & mask;
      const uint64_t r = static_cast<uint64_t>(right.number) & mask;
      const uint64_t value = combined(i.op, l, r);
      const bool tainted = left.tainted || right.tainted;
      result = number(static_cast<int64_t>(value & mask), tainted);
      set_flags(l, r, value, i.op, i.to.bytes, tainted);
    } else {
      const Value* field = left.kind == Value::field    ? &left
                           : right.kind == Value::field ? &right
                                                        : nullptr;
      flags_ = {};
      if (field != nullptr) {
        flags_.kind = Flags::field;
        flags_.of = field->of;
      }
      const bool sum = i.op == ZYDIS_MNEMONIC_ADD || i.op == ZYDIS_MNEMONIC_SUB;
      if (sum && (left.kind == Value::frame || left.kind == Value::stack) &&
          right.kind == Value::constant) {
        result = left;
        result.number += i.op == ZYDIS_MNEMONIC_ADD ? right.number : -right.number;
      } else if (i.op == ZYDIS_MNEMONIC_AND && left.kind == Value::stack) {
        result = left;
        result.number &= ~int64_t{63};
      } else if (field != nullptr) {
        result = *field;
      }
    }
    if (i.op == ZYDIS_MNEMONIC_CMP || i.op == ZYDIS_MNEMONIC_TEST || i.op == ZYDIS_MNEMONIC_BT)
      return true;
    return store(i.to, result, i.next);
  }

  std::optional<bool> condition(ZydisMnemonic op) const {
    const Flags& f = flags_;
    switch (op) {
      case ZYDIS_MNEMONIC_JZ:
      case ZYDIS_MNEMONIC_SETZ:
        return f.zero;
      case ZYDIS_MNEMONIC_JNZ:
      case ZYDIS_MNEMONIC_SETNZ:
        return !f.zero;
      case ZYDIS_MNEMONIC_JNBE:
      case ZYDIS_MNEMONIC_SETNBE:
        return !f.carry && !f.zero;
      case ZYDIS_MNEMONIC_JNB:
      case ZYDIS_MNEMONIC_SETNB:
        return !f.carry;
      case ZYDIS_MNEMONIC_JB:
      case ZYDIS_MNEMONIC_SETB:
        return f.carry;
      case ZYDIS_MNEMONIC_JBE:
      case ZYDIS_MNEMONIC_SETBE:
        return f.carry || f.zero;
      case ZYDIS_MNEMONIC_JS:
        return f.sign;
      case ZYDIS_MNEMONIC_JNS:
        return !f.sign;
      case ZYDIS_MNEMONIC_JNLE:
        return !f.zero && f.sign == f.overflow;
      case ZYDIS_MNEMONIC_JNL:
        return f.sign == f.overflow;
      case ZYDIS_MNEMONIC_JL:
        return f.sign != f.overflow;
      case ZYDIS_MNEMONIC_JLE:
        return f.zero || f.sign != f.overflow;
      default:
        return std::nullopt;
    }
  }

  uint64_t jump(const Instruction& i) {
    if (i.direct_jump()) {
      // A branch to a mere jump leads where that goes.
      if (result_.target == i.address) result_.target = static_cast<uint64_t>(i.to.value);
      return static_cast<uint64_t>(i.to.value);
    }
    const Value to = value_of(i.to, i.next);
    if (to.kind == Value::constant && to.tainted) {
      result_.target = static_cast<uint64_t>(to.number);
      return *result_.target;
    }
    if (to.kind == Value::field) result_.decider = to.of;
    return 0;
  }

  uint64_t branch(const Instruction& i) {
    if (flags_.kind == Flags::field) result_.decider = flags_.of;
    if (flags_.kind != Flags::known) return 0;
    const auto taken = condition(i.op);
    if (!taken) return 0;
    const uint64_t next = *taken ? static_cast<uint64_t>(i.to.value) : i.next;
    if (flags_.tainted) result_.target = next;
    return next;
  }

  void extend(const Instruction& i) {
    Value value = value_of(i.from, i.next);
    if (value.kind == Value::constant && i.op != ZYDIS_MNEMONIC_MOVZX)
      value.number = sign_extended(static_cast<uint64_t>(value.number), i.from.bytes);
    store(i.to, value, i.next);
  }

  // Where it goes on; 0 = nowhere that is known.
  uint64_t follow(const Instruction& i) {
    switch (i.op) {
      case ZYDIS_MNEMONIC_NOP:
      case ZYDIS_MNEMONIC_ENDBR64:
        return i.next;
      case ZYDIS_MNEMONIC_PUSH: {
        Value& top = registers_[kRsp];
        if (top.kind != Value::stack) return 0;
        const Value value = value_of(i.to, i.next);
        top.number -= 8;
        stack_[top.number] = value;
        return i.next;
      }
      case ZYDIS_MNEMONIC_POP: {
        Value& top = registers_[kRsp];
        if (top.kind != Value::stack) return 0;
        store(i.to, load(top, 8), i.next);
        top.number += 8;
        return i.next;
      }
      case ZYDIS_MNEMONIC_MOV:
        return store(i.to, value_of(i.from, i.next), i.next) ? i.next : 0;
      case ZYDIS_MNEMONIC_MOVZX:
      case ZYDIS_MNEMONIC_MOVSX:
      case ZYDIS_MNEMONIC_MOVSXD:
        extend(i);
        return i.next;
      case ZYDIS_MNEMONIC_CDQE: {
        Value& value = registers_[kRax];
        if (value.kind == Value::constant)
          value.number = sign_extended(static_cast<uint64_t>(value.number), 4);
        return i.next;
      }
      case ZYDIS_MNEMONIC_LEA:
        store(i.to, address_of(i.from, i.next), i.next);
        return i.next;
      case ZYDIS_MNEMONIC_ADD:
      case ZYDIS_MNEMONIC_SUB:
      case ZYDIS_MNEMONIC_AND:
      case ZYDIS_MNEMONIC_OR:
      case ZYDIS_MNEMONIC_XOR:
      case ZYDIS_MNEMONIC_SHL:
      case ZYDIS_MNEMONIC_SHR:
      case ZYDIS_MNEMONIC_SAR:
      case ZYDIS_MNEMONIC_DEC:
      case ZYDIS_MNEMONIC_INC:
      case ZYDIS_MNEMONIC_CMP:
      case ZYDIS_MNEMONIC_TEST:
      case ZYDIS_MNEMONIC_BT:
        return arithmetic(i) ? i.next : 0;
      case ZYDIS_MNEMONIC_JMP:
        return jump(i);
      case ZYDIS_MNEMONIC_CALL:
        return 0;
      default:
        break;
    }
    if (i.conditional) return branch(i);
    if (i.ends_flow()) return 0;
    if (i.operands > 0 && i.to.kind == Operand::reg) {
      Value value;
      if (const auto holds = condition(i.op)) {  // setcc
        if (flags_.kind == Flags::known)
          value = number(*holds, flags_.tainted);
        else if (flags_.kind == Flags::field)
          value = {Value::field, false, 0, flags_.of};
      }
      store(i.to, value, i.next);
      return i.next;
    }
    return i.operands == 0 || store(i.to, {}, i.next) ? i.next : 0;
  }

  MachineCode& code_;
  const FrameField* index_;
  uint64_t index_value_;
  std::array<Value, 16> registers_;
  std::map<int64_t, Value> stack_, frame_;
  Flags flags_;
  WalkResult result_;
};

}  // namespace

WalkResult walk_dispatch(MachineCode& code, uint64_t entry, const FrameField* index,
                         uint64_t value) {
  return Walk(code, index, value).run(entry);
}

}  // namespace track::symbolize
