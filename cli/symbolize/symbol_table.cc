#include "cli/symbolize/symbol_table.h"

#include <gelf.h>

#include <algorithm>
#include <cstring>

namespace track::symbolize {
namespace {

bool is_named_thing(int type) {
  return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_OBJECT || type == STT_NOTYPE;
}

}  // namespace

void SymbolTable::read(Elf* elf) {
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (!gelf_getshdr(section, &header)) continue;
    if (header.sh_type == SHT_SYMTAB) read_section(elf, section, true);
    if (header.sh_type == SHT_DYNSYM) read_section(elf, section, false);
  }
}

// `whole`: the table names every function, so that an unsized symbol (assembly) may be taken to
// reach up to the next one. Among exported names only, that would be a guess.
void SymbolTable::read_section(Elf* elf, Elf_Scn* section, bool whole) {
  GElf_Shdr header;
  Elf_Data* data = elf_getdata(section, nullptr);
  if (!data || !gelf_getshdr(section, &header) || header.sh_entsize != sizeof(Elf64_Sym)) return;
  const size_t count = data->d_size / sizeof(Elf64_Sym);
  for (size_t i = 1; i < count; ++i) {
    GElf_Sym entry;
    if (!gelf_getsym(data, static_cast<int>(i), &entry)) return;
    if (!is_named_thing(GELF_ST_TYPE(entry.st_info))) continue;
    if (entry.st_shndx == SHN_UNDEF || entry.st_shndx == SHN_ABS) continue;
    const char* name = elf_strptr(elf, header.sh_link, entry.st_name);
    if (!name || !*name || std::strncmp(name, ".L", 2) == 0) continue;
    uint64_t end = entry.st_value + entry.st_size;
    if (end < entry.st_value) continue;
    if (entry.st_size == 0) {
      GElf_Shdr home;
      Elf_Scn* where = entry.st_shndx < SHN_LORESERVE ? elf_getscn(elf, entry.st_shndx) : nullptr;
      if (!whole || !where || !gelf_getshdr(where, &home)) continue;
      if (!(home.sh_flags & SHF_EXECINSTR)) continue;
      end = home.sh_addr + home.sh_size;  // cut at the next symbol by seal()
    }
    const size_t underscores = std::strspn(name, "_");
    entries_.push_back({{name, entry.st_value, 0, GELF_ST_BIND(entry.st_info) != STB_LOCAL},
                        end,
                        static_cast<uint8_t>(std::min<size_t>(underscores, 255)),
                        entry.st_size != 0});
  }
}

// Of several names for one place: the one callers write. `write` before `__write`, an exported
// name before a local alias.
bool SymbolTable::better(const Entry& a, const Entry& b) {
  if (a.sized != b.sized) return a.sized;
  if (a.symbol.exported != b.symbol.exported) return a.symbol.exported;
  if (a.underscores != b.underscores) return a.underscores < b.underscores;
  const size_t length_a = std::strlen(a.symbol.name), length_b = std::strlen(b.symbol.name);
  if (length_a != length_b) return length_a < length_b;
  return std::strcmp(a.symbol.name, b.symbol.name) < 0;
}

void SymbolTable::seal() {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return a.symbol.start != b.symbol.start ? a.symbol.start < b.symbol.start : better(a, b);
  });
  const auto same_start = [](const Entry& a, const Entry& b) {
    return a.symbol.start == b.symbol.start;
  };
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same_start), entries_.end());
  for (size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (!entry.sized && i + 1 < entries_.size()) {
      entry.end = std::min(entry.end, entries_[i + 1].symbol.start);
    }
    entry.symbol.end = entry.end;
    symbols_.add(entry.symbol.start, entry.end, entry.symbol);
  }
  symbols_.seal();
  entries_.clear();
  entries_.shrink_to_fit();
}

const Symbol* SymbolTable::covering(uint64_t address) const {
  return symbols_.find(address);
}
const Symbol* SymbolTable::named(const char* name) const {
  return symbols_.find_if([name](const Symbol& s) { return std::strcmp(s.name, name) == 0; });
}

bool SymbolTable::any_with_suffix(const char* suffix) const {
  const size_t length = std::strlen(suffix);
  return symbols_.find_if([&](const Symbol& s) {
    const char* at = std::strstr(s.name, suffix);
    return at != nullptr && (at[length] == 0 || at[length] == '.');
  }) != nullptr;
}

const Symbol* SymbolTable::starting_at(uint64_t address) const {
  return symbols_.starting_at(address);
}

}  // namespace track::symbolize
