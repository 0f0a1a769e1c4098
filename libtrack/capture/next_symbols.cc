#include "libtrack/capture/next_symbols.h"

#include <dlfcn.h>

#include "libtrack/core/text.h"

namespace track::capture {
namespace {

constexpr uint16_t kHiddenVersion = 0x8000;

bool is_libc(const char* path) {
  const char* name = path;
  for (const char* p = path; *p != 0; ++p)
    if (*p == '/') name = p + 1;
  return core::equal(name, "libc.so.6");
}

}  // namespace

NextSymbols::NextSymbols() {
  dl_find_object self;
  if (_dl_find_object(reinterpret_cast<void*>(&is_libc), &self) != 0) return;
  uint32_t count = 0;
  for (const link_map* map = self.dlfo_link_map->l_next; map != nullptr; map = map->l_next) {
    if (count == kMostObjects || !read(*map, objects_[count])) return;
    ++count;
    if (!is_libc(map->l_name)) continue;
    count_ = count;
    return;
  }
}

// The loader may have turned the section's offsets into addresses already.
bool NextSymbols::read(const link_map& map, Object& object) {
  object = {map.l_addr, nullptr, nullptr, nullptr, nullptr};
  for (const ElfW(Dyn)* entry = map.l_ld; entry->d_tag != DT_NULL; ++entry) {
    const uint64_t value = entry->d_un.d_ptr;
    const uint64_t address = value < map.l_addr ? map.l_addr + value : value;
    if (entry->d_tag == DT_GNU_HASH) object.hash = reinterpret_cast<const uint32_t*>(address);
    if (entry->d_tag == DT_SYMTAB) object.symbols = reinterpret_cast<const ElfW(Sym)*>(address);
    if (entry->d_tag == DT_STRTAB) object.strings = reinterpret_cast<const char*>(address);
    if (entry->d_tag == DT_VERSYM) object.versions = reinterpret_cast<const uint16_t*>(address);
  }
  return object.hash != nullptr && object.symbols != nullptr && object.strings != nullptr;
}

// Of several versions the default one.
const ElfW(Sym) * NextSymbols::look_up(const Object& object, const char* name, uint32_t hash) {
  const uint32_t buckets = object.hash[0], first = object.hash[1], words = object.hash[2];
  const auto* bloom = reinterpret_cast<const uint64_t*>(object.hash + 4);
  const uint64_t word = bloom[hash / 64 & (words - 1)];
  if ((word >> hash % 64 & word >> (hash >> object.hash[3]) % 64 & 1) == 0) return nullptr;
  const auto* bucket = reinterpret_cast<const uint32_t*>(bloom + words);
  const uint32_t* chain = bucket + buckets;
  uint32_t i = bucket[hash % buckets];
  if (i < first) return nullptr;
  for (;; ++i) {
    const uint32_t there = chain[i - first];
    const ElfW(Sym)& symbol = object.symbols[i];
    if ((there | 1) == (hash | 1) && core::equal(object.strings + symbol.st_name, name) &&
        symbol.st_shndx != SHN_UNDEF &&
        (object.versions == nullptr || (object.versions[i] & kHiddenVersion) == 0))
      return &symbol;
    if ((there & 1) != 0) return nullptr;
  }
}

void* NextSymbols::find(const char* name, uint32_t hash) const {
  for (uint32_t i = 0; i < count_; ++i) {
    const ElfW(Sym)* symbol = look_up(objects_[i], name, hash);
    if (symbol == nullptr) continue;
    if (i + 1 != count_ || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC) return nullptr;
    return reinterpret_cast<void*>(objects_[i].base + symbol->st_value);
  }
  return nullptr;
}

}  // namespace track::capture
