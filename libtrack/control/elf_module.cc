#include "libtrack/control/elf_module.h"

#include <elf.h>

namespace track::control {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint16_t kVersion = 0x7fff;  // without the bit that says hidden

uint64_t page_down(uint64_t address) {
  return address & ~(kPage - 1);
}

}  // namespace

bool ElfModule::read(uint64_t module_base, const ElfW(Phdr) * segments, uint32_t count) {
  *this = {};
  base = module_base;
  start = UINT64_MAX;
  const ElfW(Dyn)* entry = nullptr;
  for (const ElfW(Phdr)* s = segments; s != segments + count; ++s) {
    const uint64_t low = base + s->p_vaddr, high = low + s->p_memsz;
    if (s->p_type == PT_DYNAMIC) entry = reinterpret_cast<const ElfW(Dyn)*>(low);
    if (s->p_type == PT_GNU_RELRO) sealed_start = page_down(low), sealed_end = page_down(high);
    if (s->p_type != PT_LOAD) continue;
    if (low < start) start = low;
    if (high > end) end = high;
  }
  if (entry == nullptr || start >= end) return false;
  uint64_t relocation_bytes = 0, jump_bytes = 0;
  bool jumps_with_addend = false;
  for (; entry->d_tag != DT_NULL; ++entry) {
    const uint64_t value = entry->d_un.d_ptr;
    // The loader has turned most offsets into addresses, but not of every module.
    const uint64_t at = value < base ? base + value : value;
    switch (entry->d_tag) {
      case DT_SYMTAB:
        symbols = reinterpret_cast<const ElfW(Sym)*>(at);
        break;
      case DT_STRTAB:
        strings = reinterpret_cast<const char*>(at);
        break;
      case DT_VERSYM:
        versions = reinterpret_cast<const uint16_t*>(at);
        break;
      case DT_VERNEED:
        needed = reinterpret_cast<const char*>(at);
        break;
      case DT_VERDEF:
        defined = reinterpret_cast<const char*>(at);
        break;
      case DT_GNU_HASH:
        hash = reinterpret_cast<const uint32_t*>(at);
        break;
      case DT_RELA:
        relocations.at = reinterpret_cast<const ElfW(Rela)*>(at);
        break;
      case DT_RELASZ:
        relocation_bytes = value;
        break;
      case DT_JMPREL:
        jumps.at = reinterpret_cast<const ElfW(Rela)*>(at);
        break;
      case DT_PLTRELSZ:
        jump_bytes = value;
        break;
      case DT_PLTREL:
        jumps_with_addend = value == DT_RELA;
        break;
      default:
        break;
    }
  }
  if (relocations.at != nullptr) relocations.count = relocation_bytes / sizeof(ElfW(Rela));
  if (jumps.at != nullptr && jumps_with_addend) jumps.count = jump_bytes / sizeof(ElfW(Rela));
  return symbols != nullptr && strings != nullptr;
}

const char* ElfModule::version_of(uint32_t symbol) const {
  if (versions == nullptr) return nullptr;
  const uint16_t version = versions[symbol] & kVersion;
  if (version <= VER_NDX_GLOBAL) return nullptr;
  for (const char* at = needed; at != nullptr;) {
    const auto* need = reinterpret_cast<const ElfW(Verneed)*>(at);
    const char* one = at + need->vn_aux;
    for (uint16_t i = 0; i < need->vn_cnt; ++i) {
      const auto* name = reinterpret_cast<const ElfW(Vernaux)*>(one);
      if ((name->vna_other & kVersion) == version) return strings + name->vna_name;
      one += name->vna_next;
    }
    at = need->vn_next != 0 ? at + need->vn_next : nullptr;
  }
  for (const char* at = defined; at != nullptr;) {
    const auto* definition = reinterpret_cast<const ElfW(Verdef)*>(at);
    if ((definition->vd_ndx & kVersion) == version)
      return strings + reinterpret_cast<const ElfW(Verdaux)*>(at + definition->vd_aux)->vda_name;
    at = definition->vd_next != 0 ? at + definition->vd_next : nullptr;
  }
  return nullptr;
}

}  // namespace track::control
