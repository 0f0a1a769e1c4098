#include "cli/symbolize/freeing_calls.h"

#include <gelf.h>

#include <cstring>

namespace track::symbolize {
namespace {

bool frees(const char* name) {
  return std::strcmp(name, "free") == 0 || std::strncmp(name, "_ZdlPv", 6) == 0;
}

// The symbols that relocations of this section refer to.
Elf_Data* symbols_of(Elf* elf, const GElf_Shdr& relocations, GElf_Shdr& header) {
  Elf_Scn* section = elf_getscn(elf, relocations.sh_link);
  if (section == nullptr || gelf_getshdr(section, &header) == nullptr ||
      header.sh_type != SHT_DYNSYM)
    return nullptr;
  return elf_getdata(section, nullptr);
}

}  // namespace

FreeingCalls::FreeingCalls(const ElfImage& image) {
  for (Elf_Scn* section = elf_nextscn(image.elf(), nullptr); section != nullptr;
       section = elf_nextscn(image.elf(), section)) {
    GElf_Shdr header, symbols;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_RELA ||
        header.sh_entsize == 0)
      continue;
    Elf_Data* names = symbols_of(image.elf(), header, symbols);
    Elf_Data* data = elf_getdata(section, nullptr);
    if (names == nullptr || data == nullptr) continue;
    for (size_t i = 0; i < header.sh_size / header.sh_entsize; ++i) {
      GElf_Rela word;
      GElf_Sym symbol;
      if (gelf_getrela(data, static_cast<int>(i), &word) == nullptr) break;
      const uint64_t type = GELF_R_TYPE(word.r_info);
      if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) continue;
      if (gelf_getsym(names, static_cast<int>(GELF_R_SYM(word.r_info)), &symbol) == nullptr)
        continue;
      const char* name = elf_strptr(image.elf(), symbols.sh_link, symbol.st_name);
      if (name != nullptr && frees(name)) words_.insert(word.r_offset);
    }
  }
}

bool FreeingCalls::at(MachineCode& code, uint64_t function) const {
  const Instruction* i = code.at(function);
  if (i != nullptr && i->op == ZYDIS_MNEMONIC_ENDBR64) i = code.at(i->next);
  return i != nullptr && i->op == ZYDIS_MNEMONIC_JMP && i->to.kind == Operand::memory &&
         i->to.base == Operand::kRip &&
         words_.count(i->next + static_cast<uint64_t>(i->to.value)) != 0;
}

}  // namespace track::symbolize
