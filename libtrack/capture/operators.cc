#include "libtrack/capture/operators.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>

#include <initializer_list>

#include "libtrack/capture/next_symbols.h"
#include "libtrack/capture/real.h"
#include "libtrack/core/symbols.h"
#include "libtrack/core/text.h"

namespace track::capture {

bool standard_operators;
bool standard_aligned_operators;

namespace {

bool contains(const char* text, const char* part) {
  for (; *text != 0; ++text)
    if (core::starts_with(text, part)) return true;
  return false;
}

bool is_cxx_runtime(const char* path) {
  return contains(path, "libstdc++.so") || contains(path, "libc++.so") ||
         contains(path, "libc++abi.so");
}

int find_cxx_runtime(dl_phdr_info* info, size_t, void*) {
  return is_cxx_runtime(info->dlpi_name) ? 1 : 0;
}

bool is_ours(void* address) {
  dl_find_object there, ours;
  return address != nullptr && _dl_find_object(address, &there) == 0 &&
         _dl_find_object(reinterpret_cast<void*>(&start_operators), &ours) == 0 &&
         there.dlfo_link_map == ours.dlfo_link_map;
}

// An allocator that brings operators of its own (jemalloc, tcmalloc): its new is its malloc. Not
// one that looks whether new was met by delete.
bool is_allocators(const Dl_info& found) {
  Dl_info allocator;
  void* next_malloc = next_symbol("malloc");
  return next_malloc != nullptr && dladdr(next_malloc, &allocator) != 0 &&
         allocator.dli_fbase == found.dli_fbase &&
         (contains(found.dli_fname, "jemalloc") || contains(found.dli_fname, "tcmalloc")) &&
         !contains(found.dli_fname, "debug");
}

// Nobody before us, and the standard library, the allocator or nobody after us.
bool is_standard(const char* symbol) {
  if (!comes_first(symbol)) return false;
  void* after = next_symbol(symbol);
  Dl_info next;
  if (after == nullptr) return true;
  return dladdr(after, &next) != 0 && (is_cxx_runtime(next.dli_fname) || is_allocators(next));
}

template <class... Symbols>
bool are_standard(Symbols... symbols) {
  return (is_standard(symbols) && ...);
}

}  // namespace

bool comes_first(const char* symbol) {
  if (!loaded_late()) {
    if (is_ours(dlsym(RTLD_DEFAULT, symbol))) return true;
    // A program at a fixed address that takes a function's address has the name's entry in its own
    // jump table stand for it, which leads to us: no definition, so nobody defines it before us.
    void* definition = core::find_exported(symbol);
    return definition != nullptr && definition == next_symbol(symbol);
  }
  // References are turned to us then, but for those to what the program itself defines.
  dl_find_object found;
  void* definition = next_symbol(symbol);
  return definition == nullptr ||
         (_dl_find_object(definition, &found) == 0 && found.dlfo_link_map->l_prev != nullptr);
}

void* next_operator(const char* symbol) {
  const int saved = errno;
  void* found = next_symbol(symbol);
  for (const char* runtime : {"libstdc++.so.6", "libc++abi.so.1", "libc++.so.1"}) {
    if (found != nullptr) break;
    // Its reference stays: the definition is remembered by the hook.
    if (void* handle = real.dlopen(runtime, RTLD_LAZY | RTLD_NOLOAD)) found = dlsym(handle, symbol);
  }
  if (found == nullptr) dlerror();
  errno = saved;
  return found;
}

void* callers_operator(const char* symbol, const void* return_address) {
  const int saved = errno;
  Dl_info caller;
  void* found = nullptr;
  if (dladdr(return_address, &caller) != 0) {
    if (void* handle = real.dlopen(caller.dli_fname, RTLD_LAZY | RTLD_NOLOAD)) {
      found = dlsym(handle, symbol);
      real.dlclose(handle);  // the caller itself keeps it loaded
    }
    if (is_ours(found)) found = nullptr;
  }
  if (found == nullptr) dlerror();
  errno = saved;
  return found;
}

void start_operators() {
  if (!comes_first("malloc") || !comes_first("free")) return;
  // Without a C++ runtime there is no next definition: a dlsym that finds nothing would put its
  // message on the target's heap.
  const bool alone = dl_iterate_phdr(find_cxx_runtime, nullptr) == 0;
  standard_operators =
      alone || are_standard("_Znwm", "_Znam", "_ZdlPv", "_ZdaPv", "_ZdlPvm", "_ZdaPvm");
  standard_aligned_operators =
      standard_operators && (alone || are_standard("_ZnwmSt11align_val_t", "_ZnamSt11align_val_t",
                                                   "_ZdlPvSt11align_val_t", "_ZdaPvSt11align_val_t",
                                                   "_ZdlPvmSt11align_val_t"));
}

}  // namespace track::capture
