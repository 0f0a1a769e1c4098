#include "libtrack/core/symbols.h"

#include <elf.h>
#include <link.h>

#include <cstdint>

namespace track::core {
namespace {

struct Search {
  const char* name;
  uint32_t hash;
  void* found;
};

// The GNU hash of a name, as the gABI's DT_GNU_HASH supplement has it (Bernstein's, times 33).
uint32_t gnu_hash(const char* name) {
  uint32_t hash = 5381;
  for (; *name != 0; ++name) hash = hash * 33 + static_cast<unsigned char>(*name);
  return hash;
}

bool same(const char* a, const char* b) {
  for (; *a == *b; ++a, ++b)
    if (*a == 0) return true;
  return false;
}

// The tables of one module's dynamic section; the loader has made their addresses absolute, save in
// the vdso's.
struct Tables {
  const uint32_t* hash = nullptr;
  const ElfW(Sym) * symbols = nullptr;
  const char* strings = nullptr;
};

Tables tables_of(const dl_phdr_info& module) {
  Tables tables;
  for (uint16_t i = 0; i < module.dlpi_phnum; ++i) {
    if (module.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    auto* entry =
        reinterpret_cast<const ElfW(Dyn)*>(module.dlpi_addr + module.dlpi_phdr[i].p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      const uint64_t value = entry->d_un.d_ptr;
      const uint64_t address = value < module.dlpi_addr ? module.dlpi_addr + value : value;
      if (entry->d_tag == DT_GNU_HASH) tables.hash = reinterpret_cast<const uint32_t*>(address);
      if (entry->d_tag == DT_SYMTAB) tables.symbols = reinterpret_cast<const ElfW(Sym)*>(address);
      if (entry->d_tag == DT_STRTAB) tables.strings = reinterpret_cast<const char*>(address);
    }
  }
  return tables;
}

// Layout: bucket count, first hashed symbol, words of the filter, its shift; filter, buckets,
// chain.
const ElfW(Sym) * look_up(const Tables& tables, const Search& search) {
  const uint32_t* hash = tables.hash;
  const uint32_t bucket_count = hash[0], first = hash[1], filter_words = hash[2];
  if (bucket_count == 0) return nullptr;
  const uint32_t* buckets = hash + 4 + filter_words * 2;
  const uint32_t* chain = buckets + bucket_count;
  uint32_t at = buckets[search.hash % bucket_count];
  if (at < first) return nullptr;
  for (;; ++at) {
    const uint32_t there = chain[at - first];
    const ElfW(Sym)& symbol = tables.symbols[at];
    if ((there | 1) == (search.hash | 1) && symbol.st_shndx != SHN_UNDEF &&
        same(tables.strings + symbol.st_name, search.name))
      return &symbol;
    if ((there & 1) != 0) return nullptr;
  }
}

int look_in(dl_phdr_info* module, size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  for (uint16_t i = 0; i < module->dlpi_phnum; ++i) {
    const uint64_t start = module->dlpi_addr + module->dlpi_phdr[i].p_vaddr;
    const auto here = reinterpret_cast<uint64_t>(&look_in);
    if (module->dlpi_phdr[i].p_type == PT_LOAD && here - start < module->dlpi_phdr[i].p_memsz)
      return 0;  // ourselves
  }
  const Tables tables = tables_of(*module);
  if (tables.hash == nullptr || tables.symbols == nullptr || tables.strings == nullptr) return 0;
  const ElfW(Sym)* symbol = look_up(tables, search);
  if (symbol == nullptr) return 0;
  search.found = reinterpret_cast<void*>(module->dlpi_addr + symbol->st_value);
  return 1;
}

}  // namespace

void* find_exported(const char* name) {
  Search search{name, gnu_hash(name), nullptr};
  dl_iterate_phdr(look_in, &search);
  return search.found;
}

}  // namespace track::core
