#include "libtrack/capture/operators.h"

#include <dlfcn.h>
#include <link.h>

#include "libtrack/core/text.h"

namespace track::capture {

bool standard_operators;

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

// Nobody before us, and the standard library (or nobody) after us.
bool is_standard(const char* symbol) {
  Dl_info ours, first, next;
  void* global = dlsym(RTLD_DEFAULT, symbol);
  if (dladdr(reinterpret_cast<void*>(&start_operators), &ours) == 0) return false;
  if (global == nullptr || dladdr(global, &first) == 0 || first.dli_fbase != ours.dli_fbase)
    return false;
  void* after = dlsym(RTLD_NEXT, symbol);
  if (after == nullptr) return true;
  return dladdr(after, &next) != 0 && is_cxx_runtime(next.dli_fname);
}

}  // namespace

void start_operators() {
  // Without a C++ runtime there is no next definition: a dlsym that finds nothing would put its
  // message on the target's heap.
  standard_operators = dl_iterate_phdr(find_cxx_runtime, nullptr) == 0 ||
                       (is_standard("_Znwm") && is_standard("_Znam") && is_standard("_ZdlPv") &&
                        is_standard("_ZdaPv") && is_standard("_ZdlPvm"));
}

}  // namespace track::capture
