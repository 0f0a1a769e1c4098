// The instructions of one ELF file, decoded where asked for, with as much of their operands as
// following a few of them takes. Addresses are ELF virtual addresses. One thread at a time.
// Nothing here fails: what is no code, or no instruction, is "not there".
#pragma once

#include <Zydis/Zydis.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "cli/symbolize/elf_image.h"

namespace track::symbolize {

struct Operand {
  enum Kind : uint8_t { none, reg, memory, immediate };
  static constexpr uint8_t kNoRegister = 0xff;
  static constexpr uint8_t kOtherRegister =
      0xfe;  // a vector register, the high half of a word, ...
  static constexpr uint8_t kRip = 0x10;

  Kind kind = none;
  uint8_t bytes = 0;
  uint8_t number = kNoRegister;  // rax 0, rcx 1, ... r15 15
  uint8_t base = kNoRegister, index = kNoRegister, scale = 0;
  int64_t value = 0;  // immediate (jumps: the target), or displacement

  bool plain_register() const { return kind == reg && number < 16; }
};

struct Instruction {
  uint64_t address = 0;
  uint64_t next = 0;
  ZydisMnemonic op = ZYDIS_MNEMONIC_INVALID;
  uint8_t operands = 0;  // those that are written in assembly
  bool conditional = false;
  Operand to, from;

  bool ends_flow() const {
    return op == ZYDIS_MNEMONIC_RET || op == ZYDIS_MNEMONIC_UD2 || op == ZYDIS_MNEMONIC_HLT ||
           op == ZYDIS_MNEMONIC_INT3;
  }
  bool direct_jump() const { return op == ZYDIS_MNEMONIC_JMP && to.kind == Operand::immediate; }
};

class MachineCode {
 public:
  // `image` must outlive it.
  explicit MachineCode(const ElfImage& image);

  const Instruction* at(uint64_t address);
  // Calls look(address, bytes, how many) for each executable part.
  template <typename Look>
  void for_each_code(Look look) const {
    for (const Segment& segment : segments_)
      if (segment.executable)
        look(segment.address, file_ + segment.offset, static_cast<size_t>(segment.bytes));
  }
  // Little-endian, from what the file maps there.
  std::optional<uint64_t> read(uint64_t address, size_t bytes) const;

 private:
  struct Segment {
    uint64_t address, bytes, offset;
    bool executable;
  };
  const unsigned char* bytes_at(uint64_t address, bool code, size_t& available) const;

  const unsigned char* file_ = nullptr;
  std::vector<Segment> segments_;
  ZydisDecoder decoder_;
  std::unordered_map<uint64_t, Instruction> decoded_;
};

}  // namespace track::symbolize
