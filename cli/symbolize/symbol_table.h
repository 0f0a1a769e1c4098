// The named functions and globals of one module, from as many symbol tables as there are.
// Addresses are ELF virtual addresses. Names point into the ELF files read, which must outlive it.
#pragma once

#include <libelf.h>

#include <cstdint>
#include <vector>

#include "cli/symbolize/range_map.h"

namespace track::symbolize {

struct Symbol {
  const char* name = nullptr;
  uint64_t start = 0;
  uint64_t end = 0;
  bool exported = false;  // global or weak
};

class SymbolTable {
 public:
  // Adds what .symtab and .dynsym of the file hold. May be called for several files, then seal().
  void read(Elf* elf);
  void seal();

  const Symbol* covering(uint64_t address) const;  // its extent holds the address
  const Symbol* starting_at(uint64_t address) const;
  const Symbol* named(const char* name) const;  // looks at all of them
  // Does any name have this at its end, or before another dot? Looks at all of them.
  bool any_with_suffix(const char* suffix) const;
  bool empty() const { return symbols_.empty(); }

 private:
  struct Entry {
    Symbol symbol;
    uint64_t end;
    uint8_t underscores;
    bool sized;
  };
  void read_section(Elf* elf, Elf_Scn* section, bool whole);
  static bool better(const Entry& a, const Entry& b);

  std::vector<Entry> entries_;
  RangeMap<Symbol> symbols_;
};

}  // namespace track::symbolize
