// elf_module.h: one loaded module's dynamic section, as far as references and definitions go.
#pragma once

#include <link.h>

#include <cstdint>

namespace track::control {

struct ElfModule {
  uint64_t base = 0;
  uint64_t start = 0, end = 0;                // of its segments
  uint64_t sealed_start = 0, sealed_end = 0;  // whole pages that were made read-only (RELRO)
  const ElfW(Sym) * symbols = nullptr;
  const char* strings = nullptr;
  const uint16_t* versions = nullptr;  // of each symbol; null = there are none
  const char* needed = nullptr;        // version needs: a chain of Verneed
  const char* defined = nullptr;       // version definitions: a chain of Verdef
  const uint32_t* hash = nullptr;      // DT_GNU_HASH
  struct Table {
    const ElfW(Rela) * at = nullptr;
    uint64_t count = 0;
  } relocations, jumps;

  // False: it has no dynamic symbols.
  bool read(uint64_t module_base, const ElfW(Phdr) * segments, uint32_t count);
  bool contains(uint64_t address) const { return address - start < end - start; }
  bool sealed(uint64_t address) const { return address - sealed_start < sealed_end - sealed_start; }
  // The version that a symbol is referred to or defined with; null: none in particular.
  const char* version_of(uint32_t symbol) const;
  // Calls use(symbol) for every one that is defined there.
  template <class Use>
  void each_definition(Use use) const {
    if (hash == nullptr) return;
    const uint32_t buckets = hash[0], first = hash[1], words = hash[2];
    const uint32_t* bucket = hash + 4 + words * 2;
    const uint32_t* chain = bucket + buckets;
    for (uint32_t b = 0; b < buckets; ++b) {
      if (bucket[b] < first) continue;
      for (uint32_t i = bucket[b];; ++i) {
        use(i);
        if ((chain[i - first] & 1) != 0) break;
      }
    }
  }
};

}  // namespace track::control
