// next_symbols.h: functions of libc by name, without the loader's general search, which takes a
// third of the library's start. Answers only where the answer is plain: libc.so.6 comes after us in
// the order of loading, its default version of the name is a function, and no object in between
// defines the name. Anything else is dlsym's business.
//
// Reads the loader's list without its lock: while the process starts, or from its one thread.
#pragma once

#include <link.h>

#include <cstdint>

namespace track::capture {

// The hash of DT_GNU_HASH; of names known to the compiler it costs nothing.
constexpr uint32_t gnu_hash(const char* name) {
  uint32_t hash = 5381;
  for (; *name != 0; ++name) hash = hash * 33 + static_cast<uint8_t>(*name);
  return hash;
}

// The library came by dlopen, after libc: nothing comes after it in the order of loading. What a
// name means without us is then what the program's references to it reach.
bool loaded_late();
// That definition, or (loaded early) the next one after us; null: there is none. version may be
// null: the default one.
void* next_symbol(const char* name, const char* version = nullptr);
// Is it libc's own, no other library's in its place?
bool is_libcs(const void* function);

class NextSymbols {
 public:
  NextSymbols();
  void* find(const char* name, uint32_t hash) const;  // null: ask next_symbol

 private:
  friend void* next_symbol(const char* name, const char* version);
  struct Object {
    uint64_t base;
    const uint32_t* hash;  // DT_GNU_HASH
    const ElfW(Sym) * symbols;
    const char* strings;
    const uint16_t* versions;
  };
  static void* libc_handle();
  static void* in_libc(const char* name, const char* version);
  static void* libcs_own(const char* name);
  static void* search(void* handle, const char* name, const char* version);
  static bool read(const link_map& map, Object& object);
  static const ElfW(Sym) * look_up(const Object& object, const char* name, uint32_t hash);

  static constexpr uint32_t kMostObjects = 64;
  Object objects_[kMostObjects];  // those after us; the last is libc
  uint32_t count_ = 0;            // 0: there is no plain answer to anything
};

}  // namespace track::capture
