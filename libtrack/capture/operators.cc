#include "libtrack/capture/operators.h"

#include <dlfcn.h>

#include "libtrack/core/text.h"

namespace track::capture {

bool standard_operators;

namespace {

bool contains(const char* text, const char* part) {
  for (; *text != 0; ++text)
    if (core::starts_with(text, part)) return true;
  return false;
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
  return dladdr(after, &next) != 0 &&
         (contains(next.dli_fname, "libstdc++.so") || contains(next.dli_fname, "libc++.so") ||
          contains(next.dli_fname, "libc++abi.so"));
}

}  // namespace

void start_operators() {
  // dlsym leaves an error message (allocated) behind when a name is missing, as in a C program;
  // reading it gives it back.
  standard_operators = is_standard("_Znwm") && is_standard("_Znam") && is_standard("_ZdlPv") &&
                       is_standard("_ZdaPv") && is_standard("_ZdlPvm");
  dlerror();
}

}  // namespace track::capture
