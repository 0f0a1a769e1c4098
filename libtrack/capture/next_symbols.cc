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

const link_map* map_of(const void* address) {
  dl_find_object found;
  return _dl_find_object(const_cast<void*>(address), &found) == 0 ? found.dlfo_link_map : nullptr;
}
const link_map* own_map() {
  return map_of(reinterpret_cast<const void*>(&is_libc));
}

// That of libc, if it was loaded before us.
const link_map* libc_before_us() {
  const link_map* self = own_map();
  for (const link_map* map = self != nullptr ? self->l_prev : nullptr; map != nullptr;
       map = map->l_prev)
    if (is_libc(map->l_name)) return map;
  return nullptr;
}

}  // namespace

bool loaded_late() {
  static const bool late = libc_before_us() != nullptr;
  return late;
}

bool is_libcs(const void* function) {
  const link_map* map = map_of(function);
  return map != nullptr && is_libc(map->l_name);
}

// By libc's own dlopen: ours would ask for it here.
void* NextSymbols::libc_handle() {
  const link_map* map = libc_before_us();
  Object libc;
  if (map == nullptr || !read(*map, libc)) return nullptr;
  const ElfW(Sym)* symbol = look_up(libc, "dlopen", gnu_hash("dlopen"));
  if (symbol == nullptr) return nullptr;
  const auto open = reinterpret_cast<void* (*)(const char*, int)>(libc.base + symbol->st_value);
  return open("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
}

// Another preload's dlsym asks libc's in its own name: "the next one" is then the one after it,
// which may be us, for ever. Null: libc has none (before 2.34), or was not found.
void* NextSymbols::libcs_own(const char* name) {
  const link_map* map = own_map();
  while (map != nullptr && map->l_prev != nullptr) map = map->l_prev;
  while (map != nullptr && !is_libc(map->l_name)) map = map->l_next;
  Object libc;
  if (map == nullptr || !read(*map, libc)) return nullptr;
  const ElfW(Sym)* symbol = look_up(libc, name, gnu_hash(name));
  return symbol != nullptr && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC
             ? reinterpret_cast<void*>(libc.base + symbol->st_value)
             : nullptr;
}

void* NextSymbols::search(void* handle, const char* name, const char* version) {
  static const auto plain = reinterpret_cast<decltype(&dlsym)>(libcs_own("dlsym"));
  static const auto versioned = reinterpret_cast<decltype(&dlvsym)>(libcs_own("dlvsym"));
  if (version != nullptr)
    return versioned != nullptr ? versioned(handle, name, version) : dlvsym(handle, name, version);
  return plain != nullptr ? plain(handle, name) : dlsym(handle, name);
}

void* NextSymbols::in_libc(const char* name, const char* version) {
  static void* const libc = libc_handle();
  return libc != nullptr ? search(libc, name, version) : nullptr;
}

void* next_symbol(const char* name, const char* version) {
  if (!loaded_late()) return NextSymbols::search(RTLD_NEXT, name, version);
  void* found = NextSymbols::search(RTLD_DEFAULT, name, version);
  const link_map* map = found != nullptr ? map_of(found) : nullptr;
  if (map == nullptr || map == own_map()) return NextSymbols::in_libc(name, version);
  if (map->l_prev != nullptr) return found;
  // In the program itself. One that takes a function's address without being built for any place
  // has a stub that stands for it: the stub leads through a reference that is bound to us.
  NextSymbols::Object program;
  if (NextSymbols::read(*map, program) &&
      NextSymbols::look_up(program, name, gnu_hash(name)) != nullptr)
    return found;
  if (void* libcs = NextSymbols::in_libc(name, version)) return libcs;
  for (const link_map* other = map->l_next; other != nullptr; other = other->l_next) {
    NextSymbols::Object object;
    if (other == own_map() || !NextSymbols::read(*other, object)) continue;
    if (const ElfW(Sym)* symbol = NextSymbols::look_up(object, name, gnu_hash(name)))
      if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC)
        return reinterpret_cast<void*>(other->l_addr + symbol->st_value);
  }
  return nullptr;
}

NextSymbols::NextSymbols() {
  if (loaded_late()) return;
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
