#include "cli/symbolize/machine_code.h"

#include <gelf.h>

#include <algorithm>
#include <cstring>

namespace track::symbolize {
namespace {

uint8_t register_number(ZydisRegister reg) {
  if (reg == ZYDIS_REGISTER_NONE) return Operand::kNoRegister;
  if (reg == ZYDIS_REGISTER_RIP) return Operand::kRip;
  if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) return Operand::kOtherRegister;
  const ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
  if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15) return Operand::kOtherRegister;
  return static_cast<uint8_t>(whole - ZYDIS_REGISTER_RAX);
}

Operand operand_of(const ZydisDecodedOperand& decoded, const ZydisDecodedInstruction& instruction,
                   uint64_t address) {
  Operand operand;
  operand.bytes = static_cast<uint8_t>(std::min<uint32_t>(decoded.size / 8, 255));
  switch (decoded.type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
      operand.kind = Operand::reg;
      operand.number = register_number(decoded.reg.value);
      break;
    case ZYDIS_OPERAND_TYPE_MEMORY:
      operand.kind = Operand::memory;
      operand.base = register_number(decoded.mem.base);
      operand.index = register_number(decoded.mem.index);
      operand.scale = decoded.mem.scale;
      operand.value = decoded.mem.disp.has_displacement ? decoded.mem.disp.value : 0;
      if (decoded.mem.segment == ZYDIS_REGISTER_FS || decoded.mem.segment == ZYDIS_REGISTER_GS)
        operand.base = Operand::kOtherRegister;
      break;
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
      operand.kind = Operand::immediate;
      operand.value = decoded.imm.value.s;
      if (decoded.imm.is_relative)
        operand.value += static_cast<int64_t>(address + instruction.length);
      break;
    default:
      break;
  }
  return operand;
}

}  // namespace

MachineCode::MachineCode(const ElfImage& image) {
  ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  size_t file_bytes = 0, count = 0;
  file_ = reinterpret_cast<const unsigned char*>(elf_rawfile(image.elf(), &file_bytes));
  if (file_ == nullptr || elf_getphdrnum(image.elf(), &count) != 0) return;
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (!gelf_getphdr(image.elf(), static_cast<int>(i), &header)) return;
    if (header.p_type != PT_LOAD || header.p_offset >= file_bytes) continue;
    segments_.push_back({header.p_vaddr,
                         std::min<uint64_t>(header.p_filesz, file_bytes - header.p_offset),
                         header.p_offset, (header.p_flags & PF_X) != 0});
  }
}

const unsigned char* MachineCode::bytes_at(uint64_t address, bool code, size_t& available) const {
  for (const Segment& segment : segments_) {
    if (address < segment.address || address - segment.address >= segment.bytes) continue;
    if (code && !segment.executable) return nullptr;
    available = segment.bytes - (address - segment.address);
    return file_ + segment.offset + (address - segment.address);
  }
  return nullptr;
}

std::optional<uint64_t> MachineCode::read(uint64_t address, size_t bytes) const {
  size_t available = 0;
  const unsigned char* from = bytes_at(address, false, available);
  if (from == nullptr || available < bytes || bytes > 8) return std::nullopt;
  uint64_t value = 0;
  std::memcpy(&value, from, bytes);
  return value;
}

const Instruction* MachineCode::at(uint64_t address) {
  const auto [entry, fresh] = decoded_.try_emplace(address);
  Instruction& result = entry->second;
  if (!fresh) return result.next != 0 ? &result : nullptr;
  size_t available = 0;
  const unsigned char* bytes = bytes_at(address, true, available);
  if (bytes == nullptr) return nullptr;
  ZydisDecodedInstruction decoded;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, bytes, available, &decoded, operands)))
    return nullptr;
  result.address = address;
  result.next = address + decoded.length;
  result.op = decoded.mnemonic;
  result.operands = decoded.operand_count_visible;
  result.conditional = decoded.meta.category == ZYDIS_CATEGORY_COND_BR;
  if (result.operands > 0) result.to = operand_of(operands[0], decoded, address);
  if (result.operands > 1) result.from = operand_of(operands[1], decoded, address);
  return &result;
}

}  // namespace track::symbolize
