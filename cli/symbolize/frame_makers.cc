#include "cli/symbolize/frame_makers.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace track::symbolize {
namespace {

constexpr size_t kMostMakers = 8;
constexpr int kMostInstructions = 16;
constexpr int64_t kLargestFrame = 1 << 20;
constexpr size_t kLea = 7;  // bytes: rex.w, opcode, rip-relative operand, distance

// A store to what a register points to, of the register `from` or of a vector that it went into.
bool stores_head(const Instruction& i, uint8_t from) {
  if (i.to.kind != Operand::memory || i.to.base >= 16 ||
      (i.to.index != Operand::kNoRegister && (i.to.index >= 16 || i.to.scale != 1)) ||
      i.from.kind != Operand::reg || i.to.value < 0 || i.to.value > kLargestFrame)
    return false;
  const bool vector = i.to.bytes == 16 && i.from.number == Operand::kOtherRegister;
  return vector || (i.op == ZYDIS_MNEMONIC_MOV && i.to.bytes == 8 && i.from.number == from);
}

// From where the address is taken to where it is stored.
std::optional<FrameMaker> maker_at(MachineCode& code, uint64_t lea) {
  const Instruction* i = code.at(lea);
  if (i == nullptr || i->op != ZYDIS_MNEMONIC_LEA || !i->to.plain_register()) return std::nullopt;
  const uint8_t reg = i->to.number;
  for (int n = 0; n < kMostInstructions; ++n) {
    i = code.at(i->next);
    if (i == nullptr || i->ends_flow() || i->op == ZYDIS_MNEMONIC_CALL ||
        i->op == ZYDIS_MNEMONIC_JMP)
      return std::nullopt;
    if (stores_head(*i, reg)) return FrameMaker{i->next, i->to.base, -i->to.value, i->to.index};
  }
  return std::nullopt;
}

}  // namespace

FrameMakers::FrameMakers(MachineCode& code, const FunctionStarts& functions)
    : code_(code), functions_(functions) {
  code.for_each_code([&](uint64_t address, const unsigned char* bytes, size_t count) {
    for (size_t at = 0; at + kLea <= count; ++at) {
      if ((bytes[at] & 0xfb) != 0x48 || bytes[at + 1] != 0x8d || (bytes[at + 2] & 0xc7) != 5)
        continue;
      int32_t distance = 0;
      std::memcpy(&distance, bytes + at + 3, sizeof distance);
      const uint64_t to = address + at + kLea + static_cast<uint64_t>(int64_t{distance});
      if (functions.at(to) != FunctionStarts::kNone) taken_.emplace_back(to, address + at);
    }
  });
  std::sort(taken_.begin(), taken_.end());
}

uint64_t FrameMakers::used_bytes(uint64_t resume) {
  uint64_t used = 0;
  auto place = std::lower_bound(taken_.begin(), taken_.end(), std::pair{resume, uint64_t{0}});
  for (size_t n = 0; n < kMostMakers && place != taken_.end() && place->first == resume;
       ++n, ++place)
    if (const auto maker = maker_at(code_, place->second))
      used =
          std::max(used, frame_use(code_, functions_.around(code_, maker->at), *maker).used_bytes);
  return used;
}

}  // namespace track::symbolize
